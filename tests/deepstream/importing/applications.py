"""A DeepStream application's files, written by hand in both of its forms."""

from __future__ import annotations

from pathlib import Path

APPLICATION = """\
[application]
enable-perf-measurement=1
kitti-track-output-dir=/tmp/kitti

[tiled-display]
enable=1
rows=2

[source0]
enable=1
#Type - 1=CameraV4L2 2=URI 3=MultiURI 4=RTSP
type=4
uri=rtsp://admin:open$esame@192.0.2.7:554/stream
latency=200
select-rtp-protocol=1
drop-on-latency=0
rtsp-reconnect-interval-sec=10
gpu-id=0
smart-record=2

[source1]
enable=0
type=4
uri=rtsp://192.0.2.8/stream

[source2]
enable=1
type=3
uri=file://streams/part_%d.mp4
num-sources=3

[source3]
enable=1
type=1
camera-v4l2-dev-node=2

[source4]
enable=1
type=5
camera-width=1280

[streammux]
width=1920
height=1080
batch-size=4
batched-push-timeout=40000
enable-padding=0
live-source=1

[primary-gie]
enable=1
config-file=configs/infer.txt
interval=2
batch-size=4

[pre-process]
enable=1
config-file=configs/preprocess.txt

[tracker]
enable=1
tracker-width=640
tracker-height=384
ll-lib-file=/opt/nvidia/deepstream/deepstream/lib/libnvds_nvmultiobjecttracker.so
ll-config-file=configs/tracker.yml
tracking-id-reset-mode=1

[nvds-analytics]
enable=1
config-file=configs/analytics.txt

[osd]
enable=1
display-text=0
show-clock=1

[secondary-gie0]
enable=1
config-file=configs/plates.txt

[sink0]
enable=1
type=4

[sink1]
enable=0
type=3

[my-own]
x=1
"""

INFER = """\
[property]
onnx-file=../models/yolo11n.onnx
model-engine-file=../models/yolo11n.engine
labelfile-path=labels.txt
network-mode=0
num-detected-classes=4
filter-out-class-ids=1;3
cluster-mode=4
maintain-aspect-ratio=1
output-tensor-meta=1
parse-bbox-func-name=NvDsInferParseYolo
infer-dims=3;384;640
my-own-key=9

[class-attrs-all]
nms-iou-threshold=0.45
pre-cluster-threshold=0.25
topk=300

[class-attrs-2]
pre-cluster-threshold=1.5
topk=10
eps=0.1
"""

TRACKER = """\
%YAML:1.0
BaseConfig:
  minDetectorConfidence: 0.1
TargetManagement:
  maxTargetsPerStream: 99
ReID:
  reidType: 0
"""

ANALYTICS = """\
[property]
enable=1
config-width=1920
config-height=1080
[line-crossing-stream-0]
enable=1
line-crossing-door=1;2;3;4;5;6;7;8
"""

PREPROCESS = """\
[property]
enable=1
network-input-shape=4;3;384;640
tensor-data-type=7
tensor-name=images
maintain-aspect-ratio=1
[group-0]
src-ids=0;1
process-on-roi=1
roi-params-src-0=0;0;960;1080;960;0;960;1080
roi-params-src-9=0;0;960;1080
"""

YAML_APPLICATION = """\
application:
  enable-perf-measurement: 1
source:
  csv-file-path: sources.csv
streammux:
  width: 1280
  height: 720
primary-gie:
  enable: 1
  config-file: infer.yml
sink0:
  enable: 1
  type: 2
"""

YAML_INFER = """\
property:
  onnx-file: model.onnx
  network-mode: 2
class-attrs-all:
  pre-cluster-threshold: 0.4
"""

TABLE = """\
enable,type,uri,num-sources,gpu-id,latency
1,4,rtsp://root:swordfish@192.0.2.1/a,1,0,300
1,3,file:///videos/part%d.mp4,2,0,
"""


def write_application(folder: Path) -> Path:
    """The INI form with everything; returns the application's own file."""
    configs = folder / "configs"
    configs.mkdir(exist_ok=True)
    files = {"infer": INFER, "preprocess": PREPROCESS, "analytics": ANALYTICS}
    for name, text in files.items():
        (configs / f"{name}.txt").write_text(text)
    (configs / "tracker.yml").write_text(TRACKER)
    application = folder / "application.txt"
    application.write_text(APPLICATION)
    return application


def write_yaml_application(folder: Path) -> Path:
    """The YAML form, its sources in a CSV file."""
    (folder / "sources.csv").write_text(TABLE)
    (folder / "infer.yml").write_text(YAML_INFER)
    application = folder / "application.yml"
    application.write_text(YAML_APPLICATION)
    return application
