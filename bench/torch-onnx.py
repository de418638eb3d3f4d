"""Writes networks twice, as an archive and as torch's own export to ONNX, with what libtorch gives: python3 torch-onnx.py FOLDER"""

import os
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../scripts/torch-models"))
sys.dont_write_bytecode = True

import torch
import torchvision
from torch import nn

import networks
from export import save

warnings.filterwarnings("ignore")
torch.manual_seed(0)
torch.set_num_threads(1)


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 128, 2)
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        x, _ = self.lstm(x)
        return self.out(x[-1])


def bert():
    steps = 64
    ids = torch.randint(1, 1000, (1, steps))
    return networks.Bert(1000, 256, 4, 4, 128), (ids, torch.ones(1, steps).long(), torch.zeros(1, steps).long())


MODELS = {
    "resnet18": lambda: (torchvision.models.resnet18(), (torch.rand(1, 3, 224, 224),)),
    "squeezenet": lambda: (torchvision.models.squeezenet1_1(), (torch.rand(1, 3, 224, 224),)),
    "bert": bert,
    "lstm": lambda: (Lstm(), (torch.rand(32, 1, 64),)),
}

for name, make in MODELS.items():
    module, inputs = make()
    module = module.eval()
    folder = os.path.join(sys.argv[1], name)
    with torch.no_grad():
        outputs = module(*inputs)
        outputs = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
        save(folder, torch.jit.script(module), [(inputs, outputs)])
        torch.jit.trace(module, inputs).save(os.path.join(folder, "traced.pt"))
        torch.onnx.export(module, inputs, os.path.join(folder, "model.onnx"), opset_version=17)
