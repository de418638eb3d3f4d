"""Writes archives of networks with random weights, and what libtorch gives for random inputs.

python3 export.py FOLDER: a line of the standard input is `NAME traced|scripted`; the archive and its cases go to FOLDER/NAME_KIND, and a line
of JSON to the standard output. python3 export.py --list GROUP... prints the names of the groups.
"""

import gc
import json
import os
import sys
import warnings

import torch

import networks
import vision

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

GROUPS = {**vision.GROUPS, **networks.GROUPS}
MAKERS = {name: make for group in GROUPS.values() for name, make in group.items()}


def tensors(value):
    """Tensors, and those of lists, tuples and dicts, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors(item)]
    return [tensor for item in value if item is not None for tensor in tensors(item)]


def shake(module):
    """Random numbers where a new module has zeros, ones or next to nothing: they would hide a mistake."""
    for part in module.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and part.running_var is not None:
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.8, 1.2)
        if hasattr(part, "normalized_shape") or isinstance(part, (torch.nn.modules.batchnorm._NormBase, torch.nn.GroupNorm)):
            if getattr(part, "weight", None) is not None:
                part.weight.data.uniform_(0.8, 1.2)
            if getattr(part, "bias", None) is not None:
                part.bias.data.normal_(0, 0.1)
    for name, parameter in module.named_parameters():
        if name.endswith("layer_scale"):
            parameter.data.uniform_(0.1, 0.5)
        elif parameter.numel() > 1 and bool((parameter == parameter.flatten()[0]).all()):
            parameter.data.normal_(0, 0.1)


def save(folder, archive, cases):
    os.makedirs(folder, exist_ok=True)
    archive.save(os.path.join(folder, "model.pt"))
    described = []
    for i, (inputs, outputs) in enumerate(cases):
        case = {}
        for kind, values in (("inputs", inputs), ("outputs", outputs)):
            case[kind] = []
            for j, tensor in enumerate(values):
                file = f"{kind}{i}_{j}.bin"
                tensor.detach().contiguous().numpy().tofile(os.path.join(folder, file))
                dtype = str(tensor.dtype).removeprefix("torch.")
                case[kind].append({"file": file, "dtype": dtype, "shape": list(tensor.shape)})
        described.append(case)
    with open(os.path.join(folder, "io.json"), "w") as out:
        json.dump({"cases": described}, out)


def follows(cases):
    """Whether the outputs differ where the inputs do: else a comparison says little."""
    first, *others = [tensors(outputs) for _, outputs in cases]
    return all(any(a.shape != b.shape or not torch.allclose(a, b, rtol=1e-3) for a, b in zip(first, other)) for other in others)


def export(folder, name, kind):
    torch.manual_seed(0)
    module, inputs, *finish = MAKERS[name]()
    module = module.eval()
    with torch.no_grad():
        shake(module)
        for step in finish:
            step()
        traced = kind == "traced"
        archive = torch.jit.trace(module, inputs[0], check_trace=False) if traced else torch.jit.script(module)
        # A traced module may be good for its own sizes only; libtorch would say the same as the archive then, not as the module.
        cases = [(values, tensors(archive(*values))) for values in inputs]
    save(os.path.join(folder, f"{name}_{kind}"), archive, cases)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return {"parameters": parameters, "follows": follows(cases)}


def main(folder):
    for line in sys.stdin:
        name, kind = line.split()
        try:
            answer = export(folder, name, kind)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".strip()[:400]}
        print(json.dumps(answer), flush=True)
        gc.collect()


if __name__ != "__main__":
    pass
elif sys.argv[1] == "--list":
    print(json.dumps({"torch": torch.__version__, "torchvision": vision.VERSION, "names": {group: list(GROUPS[group]) for group in sys.argv[2:] or GROUPS}}))
else:
    main(sys.argv[1])
