"""tumint: interactions between cells, and whether they decide if immunotherapy works.

Nothing heavy is imported here: `import tumint` and `tumint --help` stay fast.
"""

__version__ = "0.1.0"
