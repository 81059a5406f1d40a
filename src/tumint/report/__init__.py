"""Tables of a stage → one self-contained HTML page, its figures as SVG and a CSV beside each."""
