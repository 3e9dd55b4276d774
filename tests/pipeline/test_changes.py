from hypothesis import given
from hypothesis import strategies as st

from camwire.link.desired import DesiredCamera
from camwire.pipeline.changes import camera_changes

cameras = st.builds(
    DesiredCamera,
    id=st.sampled_from("abcdef"),
    url=st.sampled_from(["rtsp://one", "rtsp://two"]),
    enabled=st.booleans(),
    transport=st.sampled_from(["tcp", "udp"]),
    latency_ms=st.integers(0, 100),
    drop_on_latency=st.booleans(),
)
documents = st.lists(cameras, unique_by=lambda camera: camera.id).map(tuple)


@given(documents, documents)
def test_after_the_changes_what_runs_is_what_is_desired(before, after):
    running = {camera.id: camera for camera in camera_changes({}, before).start}
    changes = camera_changes(running, after)
    for camera_id in changes.stop:
        del running[camera_id]
    for camera in changes.start:
        assert camera.id not in running, "a camera is stopped before it is started anew"
        running[camera.id] = camera
    assert running == {camera.id: camera for camera in after if camera.enabled}


@given(documents)
def test_a_camera_that_stays_is_not_touched(desired):
    running = {camera.id: camera for camera in desired if camera.enabled}
    changes = camera_changes(running, desired)
    assert (changes.stop, changes.start) == ((), ())
