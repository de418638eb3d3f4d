"""Writes archives of torchvision's models with random weights, and what libtorch gives: python3 torchvision-models.py FOLDER NAME..."""

import json
import os
import sys
import warnings

import torch
import torchvision

warnings.filterwarnings("ignore")
torch.manual_seed(0)
torch.set_num_threads(1)

# Heads for training only would be outputs that nobody wants.
OPTIONS = {name: {"init_weights": True, "aux_logits": False} for name in ("googlenet", "inception_v3")}
SIZES = {"inception_v3": 299}


def write(folder, module, inputs, outputs):
    os.makedirs(folder, exist_ok=True)
    module.save(os.path.join(folder, "model.pt"))
    cases = []
    for i, (x, y) in enumerate(zip(inputs, outputs)):
        case = {}
        for kind, tensor in (("inputs", x), ("outputs", y)):
            file = f"{kind}{i}.bin"
            tensor.numpy().tofile(os.path.join(folder, file))
            case[kind] = [{"file": file, "dtype": "float32", "shape": list(tensor.shape)}]
        cases.append(case)
    with open(os.path.join(folder, "io.json"), "w") as out:
        json.dump({"cases": cases}, out)


def main(folder, names):
    for name in names:
        model = torchvision.models.get_model(name, weights=None, **OPTIONS.get(name, {})).eval()
        size = SIZES.get(name, 224)
        inputs = [torch.rand(rows, 3, size, size) for rows in (1, 2)]
        with torch.no_grad():
            outputs = [model(x) for x in inputs]
            write(os.path.join(folder, f"{name}_traced"), torch.jit.trace(model, inputs[0]), inputs, outputs)
            write(os.path.join(folder, f"{name}_scripted"), torch.jit.script(model), inputs, outputs)


main(sys.argv[1], sys.argv[2:])
