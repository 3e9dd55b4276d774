"""A graph for people: as text, and as DOT for Graphviz. No secret is shown."""

from __future__ import annotations

from camwire.config.secrets import redact
from camwire.deepstream.elements import Element, Graph, Link
from camwire.deepstream.properties import Value


def as_text(graph: Graph) -> str:
    """Elements with their properties, then links, then files."""
    lines = [f"# batches of {graph.batch_size}"]
    lines += [f"# {name}={value} in the environment" for name, value in graph.environment.items()]
    lines += [f"# note: {note}" for note in graph.notes]
    for element in graph.elements():
        lines += ["", f"{element.name}: {element.factory}"]
        lines += [f"  {name} = {_shown(value)}" for name, value in element.properties.items()]
    lines += ["", *(_link_text(link) for link in graph.links()), ""]
    lines += [f"file {name}: {len(text.splitlines())} lines" for name, text in graph.files.items()]
    return "\n".join(lines) + "\n"


def as_dot(graph: Graph) -> str:
    """A digraph; pads stand at the arrows' ends, and what appears later is dashed."""
    lines = ["digraph deepstream {", "  rankdir=LR;", '  node [shape=box, fontname="monospace"];']
    lines += [f"  {_quoted(element.name)} [label={_label(element)}];" for element in graph.elements()]
    for link in graph.links():
        attributes = [
            *([f"taillabel={_quoted(link.source_pad)}"] if link.source_pad else []),
            *([f"headlabel={_quoted(link.sink_pad)}"] if link.sink_pad else []),
            *(["style=dashed"] if link.appears else []),
        ]
        ending = f" [{', '.join(attributes)}]" if attributes else ""
        lines.append(f"  {_quoted(link.source)} -> {_quoted(link.sink)}{ending};")
    return "\n".join([*lines, "}"]) + "\n"


def _link_text(link: Link) -> str:
    source = f"{link.source}.{link.source_pad}" if link.source_pad else link.source
    sink = f"{link.sink}.{link.sink_pad}" if link.sink_pad else link.sink
    return f"{source} {'··>' if link.appears else '-->'} {sink}"


def _label(element: Element) -> str:
    properties = (f"{name} = {_shown(value)}" for name, value in element.properties.items())
    return _quoted("\n".join([f"{element.name}: {element.factory}", *properties]))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\l")
    return f'"{escaped}"'


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return redact(str(value))
