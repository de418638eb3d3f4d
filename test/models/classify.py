def classify(tensors: List[Tensor], keys: List[str], args: List[str]):
    scores = redisAI.model_execute(keys[0], tensors, 1)[0]
    best = scores.argmax(1)
    redis.execute("HINCRBY", keys[1], args[int(best)], 1)
    return best
