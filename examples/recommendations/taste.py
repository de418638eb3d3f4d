def taste(tensors: List[Tensor], keys: List[str], args: List[str]):
    films, liked = tensors[0], tensors[1]
    mean = films.index_select(0, liked).mean(0, True)
    seen = torch.zeros(films.size(0)).index_fill(0, liked, -1000.0)
    return mean / mean.norm(), seen
