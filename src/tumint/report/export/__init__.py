"""Results for viewers of images: the cells of each ROI with their layers, as files that another program opens.

`rois` reads what every viewer is given, `findings` adds the cells of a finding, `run` writes a folder. A module for
each viewer, named in `viewers`, knows its format and nothing of the others.
"""
