"""The config as pydantic models, one module per section, a description on every field; see `config/README.md`."""

from tumint.config.load import Cohort, load_cohort, load_params
from tumint.config.model import Config, StageParams, niche_params, stage_params
from tumint.config.panel import Panel

__all__ = ["Cohort", "Config", "Panel", "StageParams", "load_cohort", "load_params", "niche_params", "stage_params"]
