"""Generated pictures of two shapes, the paper's experiment on GANs (Liu et al. 2018, section 6).

A blue and a red object, each a square or a circle, stand on a white canvas. The paper's generative
adversarial networks are to paint such pictures: a plain generator (DCGAN's), or one of 1x1 and 3x3
convolutions that is told the coordinates. The paper finds less mode collapse with CoordConv, by the
entropy of where objects are.
"""
