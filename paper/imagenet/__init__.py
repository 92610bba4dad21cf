"""Classification, the paper's experiment on ImageNet (Liu et al. 2018, section 5).

What is in a picture does not depend on where it is, so coordinates should not help, and a network
can learn to ignore them. The paper puts one 1x1 CoordConv layer of 8 channels, with the radius, in
front of a ResNet-50, and finds +.04 % top-5, which is not significant. ``train`` does this with any
folder of images; ``fashion`` and ``reproduce`` test the claim where two cores can: photographs of
clothes, in the middle and anywhere on a larger canvas.
"""
