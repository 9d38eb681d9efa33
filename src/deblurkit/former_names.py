"""What modules and classes were called before: stored recipes and configs go on being read.

Checkpoints, safetensors files and the config.yaml of run folders name what they are built of.
Their names are replaced by those of now before anybody asks whether they are trusted; no key of a
state_dict has changed. Names are below ``deblurkit``.
"""

from collections.abc import Mapping
from typing import Any

PACKAGE = "deblurkit."
MODULES = {
    "callbacks.ending": "callbacks.terminate",
    "data.blur.camera": "data.blur.parts.camera",
    "data.blur.family": "data.blur.parts.family",
    "data.blur.field": "data.blur.parts.field",
    "data.blur.seeding": "data.blur.parts.seeding",
    "data.blur.splat": "data.blur.parts.splat",
    "data.cache": "data.sources.cache",
    "data.completing": "data.mixed_pool_blur",
    "data.conditions": "data.sources.conditions",
    "data.folders": "data.sources.folders",
    "data.halved": "data.sources.halved",
    "data.known": "data.known.known",
    "data.known_blur": "data.known.known_blur",
    "data.known_counts": "data.known.known_counts",
    "data.known_pictures": "data.known.known_pictures",
    "data.listed": "data.sources.listed",
    "data.mispaired": "data.sources.mispaired",
    "data.mixture": "data.sources.mixture",
    "data.photos": "data.sources.photos",
    "data.scenes": "data.sources.scenes",
    "data.shares": "data.sources.subsets",
    "data.sources": "data.sources.base",
    "losses.switched": "losses.schedules",
    "methods.automatic": "methods.frame.automatic",
    "methods.base": "methods.frame.base",
    "methods.descent": "methods.frame.gradient_guard",
    "methods.manual": "methods.frame.manual",
    "methods.milestones": "methods.frame.milestones",
    "methods.network": "methods.frame.network",
    "methods.scale_recurrent": "methods.frame.scale_recurrent",
    "methods.schedules": "methods.frame.schedules",
    "methods.stepping": "methods.frame.trained",
    "metrics.levels": "metrics.parts.levels",
    "metrics.matching": "metrics.parts.matching",
    "metrics.pooled": "metrics.parts.pooled",
    "metrics.protocol": "metrics.parts.protocol",
    "metrics.shifts": "metrics.parts.shifts",
    "metrics.similarity": "metrics.parts.similarity",
    "metrics.truth": "metrics.annotations",
    "networks.attention": "networks.parts.attention",
    "networks.conditions": "networks.parts.conditions",
    "networks.critics": "networks.parts.critics",
    "networks.nonuniform": "networks.parts.nonuniform",
    "networks.residual": "networks.parts.residual",
    "networks.residual_pair": "networks.parts.residual_pair",
    "networks.resnet": "networks.parts.resnet",
    "networks.scale_recurrent": "networks.parts.scale_recurrent",
    "networks.sft": "networks.parts.sft",
    "networks.timm_trunks": "networks.parts.timm_trunks",
    "networks.trunk": "networks.parts.trunk",
    "networks.vgg": "networks.parts.vgg",
    "networks.windows": "networks.parts.windows",
    "training.sweeps": "commands.shared.sweeps",
}
NAMES = {
    "data.blur.shapes.Mixture": "data.blur.shapes.FamilyMixture",
    "data.mixture.Mixture": "data.sources.mixture.MixedSource",
    "losses.switched.Switched": "losses.schedules.PiecewiseDistance",
    "methods.as_cyclegan.Made": "methods.as_cyclegan.CycleOutputs",
    "methods.dclnet.Restored": "methods.dclnet.BackboneOutputs",
    "methods.dclnet.Scales": "methods.dclnet.ReducedScales",
    "methods.priors.blind.Made": "methods.priors.blind.BlindIterate",
    "methods.priors.early_stopping.Level": "methods.priors.early_stopping.FixedThreshold",
    "metrics.kohler.Frame": "metrics.kohler.TrajectoryFrame",
    "networks.nonuniform.KernelBank": "networks.parts.nonuniform.KernelBasis",
    "networks.nonuniform.Mixture": "networks.parts.nonuniform.MixingWeights",
}


def current_name(target: str) -> str:
    """The dotted name, now, of what a stored config calls ``target``."""
    if not target.startswith(PACKAGE):
        return target
    name = target.removeprefix(PACKAGE)
    module, _, last = name.rpartition(".")
    return PACKAGE + (NAMES.get(name) or f"{MODULES.get(module, module)}.{last}".lstrip("."))


def with_current_names(node: Any) -> Any:
    """The same plain node, with every ``_target_`` as it is called now."""
    if isinstance(node, Mapping):
        renamed = {key: with_current_names(value) for key, value in node.items()}
        target = renamed.get("_target_")
        return renamed | ({"_target_": current_name(target)} if isinstance(target, str) else {})
    if isinstance(node, list):
        return [with_current_names(value) for value in node]
    return node
