def prepare(tensors: List[Tensor], keys: List[str], args: List[str]):
    image = tensors[0].float() / 255
    return torch.adaptive_avg_pool2d(image.unsqueeze(0), [16, 16]).reshape(1, 256)


def best(tensors: List[Tensor], keys: List[str], args: List[str]):
    chances, digits = tensors[0].topk(2, 1)
    return digits, chances
