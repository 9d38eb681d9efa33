"""Configs that name what could run foreign code, in every group and in every disguise."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf, open_dict
from running import DIRECT, config

import deblurkit
from deblurkit.commands.convert.convert import convert
from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.train.run import train
from deblurkit.config import build_recipe, instantiate, plain
from deblurkit.errors import InputError
from deblurkit.trust import RECIPE_HOMES, RUN_HOMES

RUN = (*RECIPE_HOMES, *RUN_HOMES)
TARGETS = (
    # Python's own
    *("os.system", "os.popen", "os.execv", "os.remove", "os.path.os.system", "posix.system"),
    *("subprocess.run", "subprocess.Popen", "subprocess.check_call", "pty.spawn"),
    *("builtins.eval", "builtins.exec", "builtins.open", "builtins.__import__", "builtins.getattr"),
    *("importlib.import_module", "runpy.run_path", "code.interact", "pdb.run", "timeit.timeit"),
    *("pickle.load", "pickle.loads", "marshal.loads", "shelve.open", "shutil.rmtree"),
    *("pathlib.Path.touch", "pathlib.Path", "io.open", "codecs.open", "tempfile.mktemp"),
    *("functools.partial", "functools.reduce", "operator.methodcaller", "types.FunctionType"),
    *("logging.config.dictConfig", "logging.os.system", "logging.FileHandler", "ctypes.CDLL"),
    *("urllib.request.urlopen", "webbrowser.open", "sqlite3.connect", "zipfile.ZipFile"),
    # those of packages that are there
    *("torch.load", "torch.save", "torch.hub.load", "torch.jit.load", "torch.nn.Linear"),
    *(
        "torch.utils.cpp_extension.load",
        "torch.serialization.load",
        "torch.package.PackageImporter",
    ),
    *("numpy.save", "numpy.load", "numpy.memmap", "numpy.lib.npyio.DataSource"),
    *("hydra.utils.call", "hydra.utils.instantiate", "hydra.utils.get_object", "yaml.unsafe_load"),
    *("omegaconf.OmegaConf.load", "omegaconf.OmegaConf.register_new_resolver"),
    *("skimage.io.imread", "cv2.imwrite", "safetensors.torch.save_file", "wandb.init"),
    # what trusted modules import, and what their classes can do
    *("torch.optim.lr_scheduler.wraps", "torch.optim.lr_scheduler.partial"),
    *("torch.optim.optimizer.functools.partial", "torch.optim.Adam.load_state_dict"),
    *("deblurkit.methods.frame.base.torch.load", "deblurkit.networks.parts.trunk.torch.load"),
    *("deblurkit.losses.frozen.nn.Module", "deblurkit.methods.frame.base.LightningModule"),
    "deblurkit.methods.dclnet.DCLNet.load_from_checkpoint",
    "deblurkit.methods.dclnet.DCLNet.__init__.__globals__",
    *("deblurkit.checkpoint.load", "deblurkit.checkpoint.save_weights"),
    *("deblurkit.checkpoint.torch.load", "deblurkit.config.instantiate", "deblurkit.storage.sweep"),
    *("deblurkit.commands.train.run.train", "deblurkit.cli.front.run_command"),
    *("deblurkit.weight_files.torch_files.read_torch", "deblurkit.trust.trusted"),
    # what only our own code may call, which looks before it does
    *("deblurkit.networks.parts.timm_trunks._classifier", "deblurkit.losses.ssim._windowed"),
    # of another package with a name like ours
    *("deblurkit_methods.Method", "deblurkit.networksx.A", "torch.optimx.A", "deblurkit"),
    *("", ".", "..", "deblurkit.networks.", "deblurkit.networks..os.system", " os.system"),
)
OF_RUNS = (
    *("deblurkit.callbacks.scores.write_rows", "deblurkit.callbacks.scores.Path"),
    *("deblurkit.data.sources.photos._photo", "deblurkit.data.augment._transform"),
    *("deblurkit.data.sources.cache.np.save", "deblurkit.data.sources.cache._decoded"),
    *("lightning.pytorch.cli.instantiate_class", "lightning.pytorch.cli.LightningCLI"),
    *(
        "lightning.pytorch.LightningModule.load_from_checkpoint",
        "lightning.pytorch.core.saving._load",
    ),
    *("lightning.pytorch.trainer.trainer.torch.load", "lightning.pytorch.Trainer.save_checkpoint"),
    *(
        "lightning.pytorch.loggers.wandb.os.system",
        "lightning.pytorch.callbacks.finetuning.nn.Module",
    ),
    *("lightning.pytorch.strategies.launchers.subprocess_script.subprocess.Popen",),
    "lightning.pytorch.strategies.launchers.subprocess_script._SubprocessScriptLauncher",
    *("lightning.fabric.utilities.cloud_io._load", "lightning.app.runners"),
)


def hostile(target: Any) -> dict[str, Any]:
    return {"_target_": target, "_args_": ["touch canary"]}


DISGUISES: dict[str, Any] = {
    "bare": lambda node: node,
    "nested": lambda node: {**DIRECT, "restoring": node},
    "in lists": lambda node: {**DIRECT, "weights": [[{"deep": [node]}]]},
    "partial": lambda node: {**DIRECT, "scheduler": {**node, "_partial_": True}},
    "not recursive": lambda node: {**DIRECT, "_recursive_": False, "scheduler": node},
    "not converted": lambda node: {**DIRECT, "_convert_": "none", "scheduler": node},
    "an argument": lambda node: {**DIRECT, "_args_": [node]},
    "of a trusted one": lambda node: {
        **DIRECT,
        "restoring": {"_target_": "toys.Network", "a": node},
    },
    "under a special key": lambda node: {**DIRECT, "_target_x": node, "_partial_": node},
}


@pytest.fixture(autouse=True)
def _canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    yield
    assert not Path("canary").exists()


def test_there_are_enough() -> None:
    assert len({*TARGETS}) >= 60


@pytest.mark.parametrize("target", TARGETS)
def test_no_recipe_names_it(target: str) -> None:
    for disguise in DISGUISES.values():
        with pytest.raises(InputError, match=r"may not be built from a config|does not exist"):
            build_recipe(disguise(hostile(target)), trust=["toys"])


@pytest.mark.parametrize("target", [*TARGETS, *OF_RUNS])
def test_no_config_of_a_run_names_it(target: str) -> None:
    with pytest.raises(InputError, match=r"may not be built from a config|does not exist"):
        instantiate({"a": 1, **hostile(target)}, RUN)


@pytest.mark.parametrize(
    "target",
    [
        7,
        None,
        True,
        ["os.system"],
        {"_target_": "os.system"},
        "${oc.decode:os.system}",
        b"os.system",
    ],
    ids=str,
)
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_target_is_a_plain_name(target: Any, disguise: str) -> None:
    with pytest.raises(InputError, match=r"may not be built|plain values only"):
        build_recipe(DISGUISES[disguise](hostile(target)), trust=["toys"])


@pytest.mark.parametrize(
    "text",
    [
        "${oc.env:HOME}",
        "${oc.create:{}}",
        "${oc.decode:x}",
        "${run_folder:}",
        "${absolute:/}",
        "${hydra:runtime.cwd}",
        "${restoring}",
        "a${lr}b",
        "\\${lr}",
        "${${lr}}",
        "${now:%Y}",
    ],
)
def test_a_stored_recipe_asks_for_nothing(text: str) -> None:
    for recipe in (
        {**DIRECT, "lr": text},
        {**DIRECT, "restoring": {"_target_": "toys.Network", text: text}},
    ):
        with pytest.raises(InputError, match="holds plain values only"):
            build_recipe(recipe, trust=["toys"])


NODE = hostile("os.system")
GROUPS: dict[str, Any] = {
    "model": {"model": NODE},
    "data": {"data": NODE},
    "a part of data": {"data": {"train": {"paired": NODE}}},
    "trainer": {"trainer": NODE},
    "a part of the trainer": {"trainer": {"profiler": NODE}},
    "callbacks": {"callbacks": {"x": NODE}},
    "logger": {"logger": {"x": NODE}},
    "protocol": {"callbacks": {"scores": {"protocols": {"x": NODE}}}},
}


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_of_a_run(group: str, tmp_path: Path) -> None:
    cfg = config(tmp_path, model=DIRECT)
    with open_dict(cfg):
        cfg = OmegaConf.merge(cfg, GROUPS[group])
    with pytest.raises(InputError, match=r"'os\.system' may not be built from a config"):
        train(cfg)


def test_no_group_of_the_other_commands(tmp_path: Path) -> None:
    cfg = deblurkit.compose(f"paths.run={tmp_path}", "model=unsharp", config="eval")
    with open_dict(cfg):
        cfg.data.x = NODE
    with pytest.raises(InputError, match="may not be built"):
        evaluate(cfg)
    (tmp_path / "a.pth").touch()
    given = (
        "source=deblurgan",
        f"path={tmp_path / 'a.pth'}",
        f"output={tmp_path / 'a.safetensors'}",
    )
    cfg = deblurkit.compose(*given, config="convert")
    with open_dict(cfg):
        cfg.source.importer = NODE
    with pytest.raises(InputError, match="may not be built"):
        convert(cfg)


def test_the_lists_are_as_short_as_what_the_configs_name() -> None:
    """A home that no config of ours needs is a door for nobody."""
    named = "".join(
        str(plain(deblurkit.compose(f"model={key}").model)) for key in deblurkit.available_methods()
    )
    assert all(home in named for home in RECIPE_HOMES)
