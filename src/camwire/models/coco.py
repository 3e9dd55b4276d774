"""The 80 classes of the COCO data set, where models look for them; the configuration knows them, too."""

from camwire.config.coco import COCO_CLASSES

__all__ = ["COCO_CLASSES"]
