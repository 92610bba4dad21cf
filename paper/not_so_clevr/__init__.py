"""Not-so-Clevr, the paper's proof on toy tasks (Liu et al. 2018, sections 3 and 4).

A square stands on a small canvas. Three tasks ask for its place: *classification* turns a place
(x, y) into the one pixel at the square's centre, *regression* turns that pixel back into (x, y),
and *rendering* turns (x, y) into the picture of the square. Each is learned by the paper's plain
network and by its CoordConv network.
"""
