"""deblurkit-blur: pairs out of sharp pictures and out of frames."""

import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from deblurkit.cli.paths import quoted
from deblurkit.commands.blur.average_frames import average_frames
from deblurkit.commands.blur.blur_files import blur_files
from deblurkit.config import compose, conf_dir
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image, read_picture, write_image

BY_KERNEL = ("camera_shake", "line", "defocus", "gaussian", "mixture")
BY_FIELD = ("roll", "moving_object", "depth_defocus", "depth_shake", "exposure")


@pytest.fixture
def sharp(tmp_path: Path) -> Path:
    folder = tmp_path / "sharp"
    write_image(folder / "cup.png", skimage.data.coffee()[:90, :120])
    write_image(folder / "night [1]" / "it's.v2=x.png", skimage.data.rocket()[:80, :100])
    return folder


def blurred_set(*inputs: Path, output: Path, overrides: tuple[str, ...] = ()) -> int:
    listed = ",".join(quoted(str(path)) for path in inputs)
    cfg = compose(f"inputs=[{listed}]", f"output={output}", *overrides, config="blur")
    return blur_files(cfg)


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "parameters.csv").open() as stream:
        return {row["name"]: row for row in csv.DictReader(stream)}


def test_pairs_kernels_and_parameters_are_written(sharp: Path, tmp_path: Path) -> None:
    output = tmp_path / "pairs"
    assert blurred_set(sharp, output=output, overrides=("seed=7",)) == 0
    pairs = FolderPairs(output)
    names = ["cup", "night [1]/it's.v2=x"]
    assert pairs.names == names
    for index, name in enumerate(names):
        pair = pairs.read(index)
        np.testing.assert_array_equal(pair["sharp"], read_image(sharp / f"{name}.png"))
        assert not np.array_equal(pair["blurred"], pair["sharp"])
        kernel = read_picture(output / "kernels" / f"{name}.png")
        assert kernel.gray
        assert kernel.pixels.shape == (31, 31, 3)
        assert kernel.pixels.max() == 65535  # visible
        row = rows(output)[name]
        assert (row["blur"], row["seed"], row["kernel_size"]) == ("CameraShake", "7", "31")
        assert {"anxiety", "fraction", "scale"} <= row.keys()
    assert (output / "config.yaml").is_file()
    assert (output / "record.json").is_file()


def test_the_stored_kernel_is_the_one_that_blurred(sharp: Path, tmp_path: Path) -> None:
    output = tmp_path / "pairs"
    blurred_set(
        sharp / "cup.png", output=output, overrides=("blur=line", "blur.family.length=[9,9]")
    )
    kernel = read_image(output / "kernels/cup.png")[..., 0] / 65535
    expected = cv2.filter2D(
        read_image(output / "sharp/cup.png").astype(np.float64),
        -1,
        np.ascontiguousarray(kernel[::-1, ::-1] / kernel.sum()),
        borderType=cv2.BORDER_REFLECT_101,
    )
    blurred = read_image(output / "blurred/cup.png").astype(np.float64)
    assert np.abs(blurred - expected).max() < 0.6  # grey levels: rounding


def test_the_blur_depends_on_seed_and_name_alone(sharp: Path, tmp_path: Path) -> None:
    sets = {
        "together": ((sharp,), ()),
        "alone": ((sharp / "cup.png",), ()),
        "several": ((sharp,), ("count=2",)),
        "other seed": ((sharp,), ("seed=1",)),
    }
    for key, (inputs, overrides) in sets.items():
        noisy = (*overrides, "noise=[0.01,0.02]", "jpeg=[60,90]")
        blurred_set(*inputs, output=tmp_path / key, overrides=noisy)
    together, alone = (read_image(tmp_path / key / "blurred/cup.png") for key in list(sets)[:2])
    np.testing.assert_array_equal(together, alone)
    first, second = (read_image(tmp_path / "several/blurred" / f"cup_{i}.png") for i in (1, 2))
    np.testing.assert_array_equal(first, together)
    assert not np.array_equal(first, second)
    other = read_image(tmp_path / "other seed/blurred/cup.png")
    assert not np.array_equal(other, together)
    assert len(FolderPairs(tmp_path / "several")) == 4


@pytest.mark.parametrize("blur", BY_KERNEL + BY_FIELD)
def test_every_kind_of_blur_runs_with_the_whole_camera(
    blur: str, sharp: Path, tmp_path: Path
) -> None:
    maps = tmp_path / "maps"
    write_image(maps / "cup.png", np.tile(np.linspace(0, 1, 120), (90, 1)).astype(np.float32))
    depth = (f"disparity={maps}",) if blur.startswith("depth") else ()
    camera = ("gamma=2.2", "boost=[1,3]", "photons=[500,5000]", "noise=[0,0.01]", "jpeg=[70,90]")
    output = tmp_path / "pairs"
    overrides = (f"blur={blur}", *camera, *depth)
    assert blurred_set(sharp / "cup.png", output=output, overrides=overrides) == 0
    assert (output / "kernels").exists() == (blur in BY_KERNEL)
    row = rows(output)["cup"]
    assert 500 <= float(row["photons"]) <= 5000
    assert 70 <= float(row["jpeg"]) <= 90


def test_all_kinds_are_tested() -> None:
    kinds = {file.stem for file in (conf_dir() / "blur").glob("*.yaml")}
    assert kinds == {*BY_KERNEL, *BY_FIELD}


def test_gray_pictures_stay_gray_also_under_noise(tmp_path: Path) -> None:
    write_image(tmp_path / "camera.png", skimage.data.camera()[:64, :64])
    blurred_set(tmp_path / "camera.png", output=tmp_path / "pairs", overrides=("noise=[0.1,0.1]",))
    for part in ("blurred", "sharp"):
        assert read_picture(tmp_path / "pairs" / part / "camera.png").gray


def test_sixteen_bits_stay_sixteen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    levels = skimage.data.coffee()[:40, :50].astype(np.int64) * 257
    deep = (levels - np.arange(50)[:, None]).clip(0, 65535).astype(np.uint16)
    write_image(tmp_path / "deep.png", deep)
    plain = ("blur=line", "blur.family.length=[5,5]")
    assert blurred_set(tmp_path / "deep.png", output=tmp_path / "pairs", overrides=plain) == 0
    np.testing.assert_array_equal(read_image(tmp_path / "pairs/sharp/deep.png"), deep)
    blurred = read_image(tmp_path / "pairs/blurred/deep.png")
    kernel = read_image(tmp_path / "pairs/kernels/deep.png")[..., 0] / 65535
    expected = cv2.filter2D(
        deep.astype(np.float64),
        -1,
        np.ascontiguousarray(kernel[::-1, ::-1] / kernel.sum()),
        borderType=cv2.BORDER_REFLECT_101,
    )
    assert blurred.dtype == np.uint16
    assert np.abs(blurred - expected).max() < 4  # of 65535 levels: a kernel of 16 bits
    assert "8 bits" not in caplog.text
    blurred_set(tmp_path / "deep.png", output=tmp_path / "jpeg", overrides=(*plain, "jpeg=[90,90]"))
    assert "16-bit pictures written with 8 bits, since jpeg= has no more: 1" in caplog.text
    for part in ("blurred", "sharp"):
        assert read_image(tmp_path / "jpeg" / part / "deep.png").dtype == np.uint8


def test_opacity_that_no_pair_has_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clear = np.dstack([skimage.data.coffee()[:40, :50], np.full((40, 50), 90, np.uint8)])
    Image.fromarray(clear, "RGBA").save(tmp_path / "logo.png")
    assert blurred_set(tmp_path / "logo.png", output=tmp_path / "pairs") == 0
    assert "logo.png: the result is without its opacity" in caplog.text


def test_averages_of_deep_frames_say_that_they_have_8_bits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for time, frame in enumerate(sequences(tmp_path / "videos", 3)["night"]):
        write_image(tmp_path / "videos" / "night" / f"{time}.png", frame.astype(np.uint16) * 257)
    overrides = (f"frames={tmp_path / 'videos'}", f"output={tmp_path / 'pairs'}", "window=3")
    assert average_frames(compose(*overrides, config="blur")) == 0
    assert "since frames are averaged with 8: 3" in caplog.text
    blurred = [read_image(tmp_path / f"pairs/blurred/{name}/1.png") for name in ("night", "day 1")]
    np.testing.assert_array_equal(*blurred)


def test_unreadable_files_are_reported_and_the_others_made(
    sharp: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (sharp / "broken.png").write_bytes(b"no picture")
    assert blurred_set(sharp, tmp_path / "missing.png", output=tmp_path / "pairs") == 2
    assert len(FolderPairs(tmp_path / "pairs")) == 2
    reported = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(reported) == 2
    assert "broken.png" in reported[0]
    assert "missing.png" in reported[1]


def test_inputs_are_never_overwritten(sharp: Path, tmp_path: Path) -> None:
    output = tmp_path / "pairs"
    blurred_set(sharp, output=output)
    before = read_image(output / "sharp/cup.png")
    with pytest.raises(InputError, match="is an input"):
        blurred_set(output / "sharp/cup.png", output=output)
    np.testing.assert_array_equal(read_image(output / "sharp/cup.png"), before)
    # a second run over a folder that holds the first one's results takes the sources only
    first = set(rows(output))
    blurred_set(tmp_path, output=output)
    assert set(rows(output)) == first | {"sharp/cup", "sharp/night [1]/it's.v2=x"}


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (("device=cuda:99",), "cannot be used here"),
        (("boost=[1,2]",), "gamma"),
        (("blur=depth_shake",), "disparity=<folder"),
        (("disparity=maps",), "blur=depth_"),
        (("count=0",), "count"),
        (("frames=videos",), "not both"),
    ],
)
def test_mistakes_are_one_sentence_and_nothing_is_written(
    overrides: tuple[str, ...], sentence: str, sharp: Path, tmp_path: Path
) -> None:
    output = tmp_path / "pairs"
    cfg = compose(f"inputs=[{quoted(str(sharp))}]", f"output={output}", *overrides, config="blur")
    with pytest.raises(InputError, match=sentence):
        (blur_files if cfg.frames is None else average_frames)(cfg)
    assert not output.exists()


def sequences(folder: Path, length: int) -> dict[str, NDArray[np.uint8]]:
    photograph = skimage.data.coffee()
    made = {}
    for sequence in ("day 1", "night"):
        frames = [photograph[:48, 3 * time : 3 * time + 64] for time in range(length)]
        for time, frame in enumerate(frames):
            write_image(folder / sequence / f"{time}.png", frame)
        made[sequence] = np.stack(frames)
    return made


@pytest.mark.parametrize("gamma", [None, 2.2])
def test_frames_are_averaged_with_the_centre_frame_as_truth(
    gamma: float | None, tmp_path: Path
) -> None:
    frames = sequences(tmp_path / "videos", 12)
    output = tmp_path / "pairs"
    overrides = (f"frames={tmp_path / 'videos'}", f"output={output}", "window=5")
    power = "null" if gamma is None else str(gamma)
    assert average_frames(compose(*overrides, f"gamma={power}", config="blur")) == 0
    pairs = FolderPairs(output)
    assert pairs.names == ["day 1/2", "day 1/7", "night/2", "night/7"]
    window = frames["night"][5:10].astype(np.float64) ** (gamma or 1.0)
    mean = window.mean(axis=0) ** (1 / (gamma or 1.0))
    pair = pairs.read(3)
    np.testing.assert_array_equal(pair["sharp"], frames["night"][7])
    assert np.abs(pair["blurred"] - mean).max() <= 0.5 + 1e-9
    assert rows(output)["night/7"]["first"] == "night/5"


def test_windows_may_overlap_and_a_broken_frame_costs_its_windows_only(tmp_path: Path) -> None:
    sequences(tmp_path / "videos", 7)
    (tmp_path / "videos/night/6.png").write_bytes(b"no picture")
    overrides = (f"frames={tmp_path / 'videos'}", f"output={tmp_path / 'pairs'}")
    cfg = compose(*overrides, "window=3", "stride=2", config="blur")
    assert average_frames(cfg) == 1
    names = ["day 1/1", "day 1/3", "day 1/5", "night/1", "night/3"]
    assert FolderPairs(tmp_path / "pairs").names == names


def test_no_window_reaches_over_missing_frames(tmp_path: Path) -> None:
    sequences(tmp_path / "videos", 9)
    (tmp_path / "videos/night/4.png").unlink()
    overrides = (f"frames={tmp_path / 'videos'}", f"output={tmp_path / 'pairs'}")
    assert average_frames(compose(*overrides, "window=3", config="blur")) == 0
    names = ["day 1/1", "day 1/4", "day 1/7", "night/1", "night/6"]
    assert FolderPairs(tmp_path / "pairs").names == names


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (("window=4",), "odd"),
        (("window=99",), "smaller window"),
        (("stride=0",), "stride"),
        (("noise=[0,0.1]",), "noise"),
        (("count=2",), "count"),
        (("gamma=bright",), "gamma is a number"),
        (("output={root}/videos",), "read as frames"),
    ],
)
def test_mistakes_with_frames(overrides: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    sequences(tmp_path / "videos", 7)
    given = [f"frames={tmp_path / 'videos'}", f"output={tmp_path / 'pairs'}"]
    given += [override.format(root=tmp_path) for override in overrides]
    with pytest.raises(InputError, match=sentence):
        average_frames(compose(*given, config="blur"))


def test_the_command_takes_bare_paths_and_its_exit_code_tells(sharp: Path, tmp_path: Path) -> None:
    (sharp / "broken.png").write_bytes(b"no picture")
    command = [sys.executable, "-m", "deblurkit.cli.blur", str(sharp), "output=out"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 1, finished.stderr
    assert "broken.png cannot be read" in finished.stdout + finished.stderr
    assert len(FolderPairs(tmp_path / "out")) == 2


def test_pairs_of_an_earlier_command_stay_in_the_table(sharp: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs"
    assert blurred_set(sharp / "cup.png", output=pairs) == 0
    first = rows(pairs)
    write_image(tmp_path / "spoon.png", skimage.data.coffee()[90:180, :120])
    assert blurred_set(tmp_path / "spoon.png", output=pairs, overrides=("blur=line",)) == 0
    both = rows(pairs)
    assert set(both) == {"cup", "spoon"}
    assert {key: both["cup"][key] for key in first["cup"]} == first["cup"]
    (pairs / "sharp" / "spoon.png").unlink()
    assert blurred_set(sharp / "cup.png", output=pairs) == 0
    assert rows(pairs) == first


def test_pairs_and_files_of_others_stay(
    sharp: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of another picture of the same stem, in this command and in an earlier one; the user's."""
    pairs, other = tmp_path / "pairs", tmp_path / "others" / "cup.jpg"
    write_image(other, skimage.data.coffee()[90:180, :120])
    own = pairs / "blurred" / "night [1]" / "it's.v2=x.png"
    write_image(own, np.full((3, 3, 3), 7, np.uint8))
    with caplog.at_level("INFO", logger="deblurkit"):
        assert blurred_set(sharp, output=pairs) == 0
        first = read_image(pairs / "blurred" / "cup.png")
        assert blurred_set(other, output=pairs) == 0
        assert blurred_set(other, output=pairs, overrides=("blur=line",)) == 0
    assert "pairs: 1 (1 in place of earlier ones)" in caplog.text
    assert set(rows(pairs)) == {"cup", "night [1]/it's.v2=x_2", "cup_2"}
    assert rows(pairs)["cup_2"]["blur"] == "Line"
    assert (pairs / "kernels" / "cup_2.png").is_file()
    assert blurred_set(other, output=pairs, overrides=("blur=roll",)) == 0
    assert not (pairs / "kernels" / "cup_2.png").exists()  # it would be that of another blur
    np.testing.assert_array_equal(read_image(pairs / "blurred" / "cup.png"), first)
    np.testing.assert_array_equal(read_image(pairs / "sharp" / "cup_2.png"), read_image(other))
    assert (read_image(own) == 7).all()
    (pairs / "parameters.csv").write_text("name,year\nNight Watch,1642\n")
    assert blurred_set(sharp / "cup.png", output=pairs) == 0
    assert "parameters.csv is no table of pairs and stays" in caplog.text
    assert (pairs / "parameters.csv").read_text().startswith("name,year\nNight")


def test_averages_of_other_frames_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        sequences(tmp_path / folder, 3)
    overrides = (f"output={tmp_path / 'pairs'}", "window=3")
    for _ in range(2):
        assert average_frames(compose(f"frames={tmp_path / 'one'}", *overrides, config="blur")) == 0
    with pytest.raises(InputError, match=r"day 1/1.png is there already and was not made from"):
        average_frames(compose(f"frames={tmp_path / 'other'}", *overrides, config="blur"))


@pytest.mark.parametrize("name", ["config.yaml", "record.json"])
def test_a_config_of_somebody_else_stays(name: str, sharp: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / name).write_text("threads: 3\n")
    with pytest.raises(InputError, match=f"{name} is no .* of deblurkit and stays: choose another"):
        blurred_set(sharp / "cup.png", output=tmp_path / "pairs")
    assert (tmp_path / "pairs" / name).read_text() == "threads: 3\n"
