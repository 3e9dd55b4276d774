"""A DeepStream application's configuration files as a camwire configuration.

``documents`` reads files, ``kinds`` tells what a file is, ``application`` follows them from the application's
own file to those of its elements; each element has a module that says what becomes of its keys; ``draft``
collects values and remarks, ``writing`` makes YAML of them.
"""

from camwire.deepstream.importing.application import Engine, Imported, import_application
from camwire.deepstream.importing.remarks import ImportMistakeError

__all__ = ["Engine", "ImportMistakeError", "Imported", "import_application"]
