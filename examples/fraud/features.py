def features(tensors: List[Tensor], keys: List[str], args: List[str]):
    purchase, habits = tensors[0], tensors[1]
    amount = (purchase[:, 0:1] - habits[0]) / habits[1]
    distance = torch.log(1 + purchase[:, 1:2] / habits[2])
    night = (purchase[:, 2:3] < 6).float()
    haste = torch.exp(purchase[:, 3:4] / -10)
    return torch.cat([amount, distance, night, haste], 1)
