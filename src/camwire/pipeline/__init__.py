"""From the cameras' frames to pictures on the link: the only room that knows all stages."""
