"""Detection of digits, the paper's experiment on a field of MNIST (Liu et al. 2018, section 5).

A region-proposal network, the first half of a Faster R-CNN, is to draw boxes around five digits of
any size and aspect on a canvas. The paper found 24 % more overlap with CoordConv. Its released code
builds anchors whose numbers are scrambled, so that most do not belong to the cell that they are
for: networks are trained with these anchors (``released``) and with those that are meant
(``intended``).
"""
