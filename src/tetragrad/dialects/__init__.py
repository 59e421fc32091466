"""What the four dialects share: Python's protocols on their Tensors, missing names, printing, optimisers, installation."""
