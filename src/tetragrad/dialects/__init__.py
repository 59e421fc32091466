"""What the four dialects share: Python's protocols on Tensors, missing names, printing, optimisers, installation."""
