"""torchvision's architectures: the smallest of each family, and what they take."""

import re
from unittest import mock

import torch
import torchvision
from torchvision import models

VERSION = torchvision.__version__

CLASSIFIERS = [
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3", "maxvit_t",
    "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnet50",
    "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_0", "squeezenet1_1", "swin_t", "swin_v2_t", "vgg11", "vgg11_bn", "vit_b_16",
    "vit_b_32", "wide_resnet50_2",
]
# Heads for training only would be outputs that nobody wants.
OPTIONS = {name: {"init_weights": True, "aux_logits": False} for name in ("googlenet", "inception_v3")}
# Those that are good for one size.
SIZES = {"inception_v3": 299, "maxvit_t": 224, "vit_b_16": 224, "vit_b_32": 224}


def images(size, *rows):
    return [(torch.rand(count, 3, size, size),) for count in rows]


def classifier(name):
    def make():
        module = models.get_model(name, weights=None, **OPTIONS.get(name, {}))
        return module, images(SIZES.get(name, 128), 1, 2) if name != "inception_v3" else images(299, 1, 1)

    return make


class Only(torch.nn.Module):
    """Of a dict of outputs the one that is wanted; clients get tensors."""

    def __init__(self, module, *keys):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)["out"]


def segmentation(name):
    def make():
        options = {} if name.startswith("lraspp") else {"aux_loss": False}
        module = models.get_model(name, weights=None, weights_backbone=None, num_classes=21, **options)
        # Upsampling goes to the size of the input: one that is no multiple of the stride, too.
        return Only(module), [*images(64, 1, 2), (torch.rand(1, 3, 97, 75),)]

    return make


def small_mvit(name, **options):
    """Its sizes are no options."""
    make = models.video.mvit._mvit
    frames, size = VIDEOS[name]
    with mock.patch.object(models.video.mvit, "_mvit", lambda **own: make(**{**own, "spatial_size": (size, size), "temporal_size": frames})):
        return models.get_model(name, **options)


VIDEOS = {"mvit_v1_b": (8, 64), "mvit_v2_s": (8, 64), "s3d": (16, 224)}


def video(name):
    def make():
        frames, size = VIDEOS.get(name, (8, 56))
        rows = (1, 1) if name in VIDEOS else (1, 2)
        return (small_mvit if name.startswith("mvit") else models.get_model)(name, weights=None), [(torch.rand(count, 3, frames, size, size),) for count in rows]

    return make


class Boxes(torch.nn.Module):
    """A detector's boxes, labels and scores for one image: the list that it takes and the dicts that it gives are no tensors."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        if torch.jit.is_scripting():
            # A scripted one gives its losses too.
            _, found = self.module([x])
        else:
            found = self.module([x])
        return found[0]["boxes"], found[0]["labels"], found[0]["scores"]


class Shapes(torch.nn.Module):
    """What it tells of each box besides: masks or keypoints."""

    def __init__(self, module, kind):
        super().__init__()
        self.module = module
        self.kind = kind

    def forward(self, x):
        if torch.jit.is_scripting():
            _, found = self.module([x])
        else:
            found = self.module([x])
        return found[0]["boxes"], found[0]["labels"], found[0]["scores"], found[0][self.kind]


class Last(torch.nn.Module):
    """The last of the refined flows."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, first, second):
        return self.module(first, second)[-1]


DETECTORS = [
    "fasterrcnn_mobilenet_v3_large_320_fpn", "fasterrcnn_resnet50_fpn", "fcos_resnet50_fpn", "keypointrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn", "retinanet_resnet50_fpn", "ssd300_vgg16", "ssdlite320_mobilenet_v3_large",
]


FEW = {"num_classes": 5, "detections_per_img": 20, "topk_candidates": 100}
FEW_REGIONS = {"num_classes": 5, "box_detections_per_img": 20, "rpn_pre_nms_top_n_test": 200, "rpn_post_nms_top_n_test": 50}


SCORES = re.compile(r"(cls_logits|cls_score|classification_head\.module_list\.\d+(\.1)?)$")


def calibrate(module, *inputs):
    """
    Statistics of batch norms as if the module had been trained, without which deep layers hardly see what comes in; scores of detectors that
    differ: new ones are as sure of all classes, and what is found then depends on rounding.
    """
    hooks = {}

    def normalize(part, args):
        x = args[0].transpose(0, 1).flatten(1)
        if x.size(1) >= 8:
            part.running_mean.copy_(x.mean(1))
            # Channels that hardly change would be all rounding.
            part.running_var.copy_(x.var(1) + x.var(1).mean())
        hooks.pop(part).remove()

    def spread(part, _, output):
        part.weight.data.mul_(0.5 / output.std())
        part.bias.data.zero_()
        hooks.pop(part).remove()

    for name, part in module.named_modules():
        if getattr(part, "running_var", None) is not None:
            hooks[part] = part.register_forward_pre_hook(normalize)
        elif SCORES.search(name) and isinstance(part, (torch.nn.Conv2d, torch.nn.Linear)):
            hooks[part] = part.register_forward_hook(spread)
    module(*inputs)


def detector(name):
    def make():
        sizes = {} if name.startswith("ssd") else {"min_size": 96, "max_size": 160}
        few = FEW_REGIONS if "rcnn" in name else FEW
        module = models.get_model(name, weights=None, weights_backbone=None, **sizes, **few).eval()
        # Large patches: of noise alone deep layers see the mean.
        image = torch.nn.functional.interpolate(torch.rand(1, 3, 4, 5), size=(96, 128), mode="bicubic")[0]
        kind = {"mask": "masks", "keyp": "keypoints"}.get(name[:4])
        wrapped = Boxes(module) if kind is None else Shapes(module, kind)
        # The size of a box is rounded up to that of its keypoints' map: upside down none of them is next to a whole number.
        other = image.flip(1 if kind == "keypoints" else 2)
        return wrapped, [(image,), (other,)], lambda: calibrate(module, [image])

    return make


def flow(name):
    def make():
        return Last(models.get_model(name, weights=None)), [(torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128)) for _ in range(2)]

    return make


GROUPS = {
    "classification": {name: classifier(name) for name in CLASSIFIERS},
    "segmentation": {name: segmentation(name) for name in ("deeplabv3_mobilenet_v3_large", "deeplabv3_resnet50", "fcn_resnet50", "lraspp_mobilenet_v3_large")},
    "video": {name: video(name) for name in ("mc3_18", "r2plus1d_18", "r3d_18", "s3d", "mvit_v1_b", "mvit_v2_s")},
    "optical flow": {name: flow(name) for name in ("raft_small", "raft_large")},
    "detection": {name: detector(name) for name in DETECTORS},
}
