/** The part of a picture that is worth showing small: what the event is about, with what is around it. */

/** Of the frame's side that the object may fill. */
const FILL = 0.6;
/** More would show single pixels. */
const CLOSEST = 5;

/**
 * How to move and enlarge a picture that lies in a frame as large as it fits, so that the object is in its middle and
 * nothing but picture is in view.
 * @param {number[] | null} box  x1, y1, x2, y2 in pixels of the picture; null: all of it
 * @param {{width: number, height: number}} picture
 * @param {number} aspect  of the frame, width over height
 * @returns {{zoom: number, x: number, y: number}} from the frame's top left corner; x and y as shares of its sides
 */
export function crop(box, picture, aspect) {
  if (box === null || !(picture.width > 0) || !(picture.height > 0)) return { zoom: 1, x: 0, y: 0 };
  // Everything in shares of the frame's sides, whose height is 1 and whose width is the aspect.
  const fit = Math.min(aspect / picture.width, 1 / picture.height);
  const size = { x: (picture.width * fit) / aspect, y: picture.height * fit };
  const edge = { x: (1 - size.x) / 2, y: (1 - size.y) / 2 };
  const [x1, y1, x2, y2] = box;
  const share = { x: ((x2 - x1) / picture.width) * size.x, y: ((y2 - y1) / picture.height) * size.y };
  const close = Math.min(CLOSEST, FILL / Math.max(share.x, share.y, FILL / CLOSEST));
  const zoom = Math.max(close, 1 / size.x, 1 / size.y);
  const placed = (axis, middle) => {
    const wanted = 0.5 - zoom * (edge[axis] + middle * size[axis]);
    return Math.min(Math.max(wanted, 1 - zoom * (edge[axis] + size[axis])), -zoom * edge[axis]);
  };
  return { zoom, x: placed("x", (x1 + x2) / 2 / picture.width), y: placed("y", (y1 + y2) / 2 / picture.height) };
}
