/** The Painter behind a message port: the page's thread stays free while pictures are decoded and shown. */

import { Painter } from "./painter.js";

const painter = new Painter();

self.addEventListener("message", async ({ data }) => {
  switch (data.type) {
    case "attach":
      painter.attach(data.camera, data.canvas);
      break;
    case "detach":
      painter.detach(data.camera);
      break;
    case "paint": {
      const size = await painter.paint(data.camera, data.buffer, data.offset);
      self.postMessage({ type: "painted", camera: data.camera, size });
      break;
    }
  }
});

self.postMessage({ type: "ready" });
