"""Config of the response stage: which groups of subjects are compared, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tumint.config.base import LONGEST_NAME, Section


class Subset(Section):
    """A condition on the samples of a contrast: values of a column, or a feature that is high or low."""

    column: str | None = Field(None, description="Column of the sheet, of which `values` are kept.")
    values: list[str] = Field(default_factory=list, description="What is kept of `column`.")
    feature: str | None = Field(None, description="Feature whose value decides, such as a cell type's share.")
    family: str = Field("composition", description="Family of `feature`.")
    quantile: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.5, description="Of `feature` over the samples of both groups together: the bound."
    )
    keep: Literal["high", "low"] = Field("high", description="Samples at or above the bound, or below it.")

    @model_validator(mode="after")
    def _one_kind(self) -> Subset:
        if (self.column is None) == (self.feature is None) or bool(self.values) != (self.column is not None):
            raise ValueError("`column` with `values`, or `feature`")
        return self


class Contrast(Section):
    """One comparison of two groups of subjects."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.-]+$", max_length=LONGEST_NAME, description="Name of the contrast in tables and reports."
    )
    column: str = Field(description="Column of the sample sheet that holds the group of each subject.")
    reference: str = Field(description="Level that effects are measured against.")
    group: str = Field(description="Level whose difference from `reference` is the effect.")
    adjust: list[str] = Field(
        default_factory=list,
        description="Columns of the sheet to adjust for, one value per subject: numbers where all values are, else "
        "categories.",
    )
    paired: str | None = Field(
        None,
        description="Column whose equal values make a pair (or block) with subjects of both groups; `subject` where "
        "the same animals were seen in both groups, as before and after. Empty: not paired.",
    )
    formula: str | None = Field(
        None,
        description="Design in place of `adjust`, such as `~ arm * timepoint + log(age)`: columns of the sheet joined "
        "by `+`, `:` and `*`, in C(), center(), scale(), log(), log2() or sqrt(). All levels of `column` enter the "
        "fit, so that contrasts of one formula share its residual variance. Empty: the two groups and `adjust`.",
    )
    at: dict[str, str] = Field(
        default_factory=dict,
        description="With `formula`: levels of other columns at which the groups are compared, such as "
        "`{timepoint: after}`; all others are averaged over in equal parts.",
    )
    coefficient: str | None = Field(
        None,
        description="With `formula`: the coefficient that is the effect, such as `arm[treated]:timepoint[after]`. "
        "Empty: the difference between the groups.",
    )
    subset: list[Subset] = Field(
        default_factory=list, description="Only samples that meet all of these conditions, one after the other."
    )

    @model_validator(mode="after")
    def _two_groups(self) -> Contrast:
        if self.reference == self.group:
            raise ValueError("`group` to differ from `reference`")
        if self.column in {*self.adjust, self.paired}:
            raise ValueError("`adjust` and `paired` to differ from `column`")
        if self.formula is None and (self.at or self.coefficient):
            raise ValueError("`at` and `coefficient` only with `formula`")
        if self.formula is not None and (self.adjust or (self.at and self.coefficient)):
            raise ValueError("with `formula` no `adjust`, and one of `at` and `coefficient`")
        return self


class Outcome(Section):
    """A number per subject that features are related to: a change of volume, or a time to an event."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.-]+$", max_length=LONGEST_NAME, description="Name of the outcome in tables and reports."
    )
    column: str | None = Field(
        None,
        description="Column of the sheet that holds the number, one per subject; with `event`, the time. Subjects "
        "without one are left out.",
    )
    feature: str | None = Field(
        None,
        description="In place of `column`: a feature, as tables name it, whose value in each subject is the number. "
        "What else goes with how many CD8 T cells there are?",
    )
    family: str = Field("composition", description="Family of `feature`.")
    event: str | None = Field(
        None,
        description="Column that is 1 where the event was seen and 0 where the subject was only followed: the outcome "
        "is a survival time (Cox model). Empty: it is a number (moderated t of the slope).",
    )
    adjust: list[str] = Field(default_factory=list, description="Columns to adjust for, as in `contrasts`.")

    @model_validator(mode="after")
    def _one_number(self) -> Outcome:
        if (self.column is None) == (self.feature is None) or (self.event is not None and self.column is None):
            raise ValueError("`column`, with or without `event`, or `feature`")
        return self


class Named(Section):
    """A feature, as tables name it."""

    family: str = Field("interaction", description="Its family, such as `interaction`, `marker` or `composition`.")
    feature: str = Field(
        description="Its name in `features.parquet`: `CD8 T cells|Tumour cells` for a pair, `Ki67 of Tumour cells in "
        "tumour` for a marker, the name of a type for composition."
    )


class Difference(Section):
    """A contrast of two features of a subject, compared like a feature."""

    name: str = Field(
        max_length=LONGEST_NAME,
        description="What it is called in tables and reports, such as `CD8 T cells to macrophages type 1 or type 2`.",
    )
    plus: Named = Field(description="The feature that it is higher with.")
    minus: Named = Field(description="The feature that is taken from it; both are ratios, or neither is.")


class PredictionConfig(Section):
    """Whether the features foretell the group of a subject that was left out; needs 6 subjects in each group."""

    enabled: bool = Field(True, description="Predict, for contrasts that neither adjust nor pair.")
    permutations: Annotated[int, Field(ge=20)] = Field(
        200, description="How many random groupings the AUC is compared with; 200 give p down to 0.005."
    )


class ResponseConfig(Section):
    """Subjects are compared, never cells or ROIs."""

    contrasts: list[Contrast] = Field(description="Which groups are compared; none: features are described only.")
    outcomes: list[Outcome] = Field(
        default_factory=list, description="Numbers or survival times that features are related to."
    )
    primary: list[Named] = Field(
        default_factory=list,
        description="Features that were named before looking. They are corrected for each other alone (`q_primary`), "
        "as a family of their own: three questions asked beforehand pay for three tests and not for all that was "
        "measured. Everything else stays as it is, beside them.",
    )
    differences: list[Difference] = Field(
        default_factory=list,
        description="Contrasts of features, such as contact with macrophages of type 1 against that with type 2.",
    )
    min_subjects: Annotated[int, Field(ge=2)] = Field(
        2, description="A contrast with fewer subjects in a group is reported with effects and no p."
    )
    method: Literal["moderated", "mixed", "permutation"] = Field(
        "moderated",
        description="Which test gives effect, interval, p and q. `moderated`: moderated t of subject values (limma); "
        "`mixed`: linear mixed model of ROI values, random intercept per subject (lmerTest); `permutation`: exact "
        "permutation of subjects. The p of the others stand beside it.",
    )
    trend: bool = Field(
        False, description="Let the variance that moderated t expects follow the mean of the feature (limma-trend)."
    )
    robust: bool = Field(
        False,
        description="Let features whose variance is far above the others' keep it, so that they neither hide nor make "
        "findings (limma's robust eBayes); not together with `trend`.",
    )
    min_information: Annotated[float, Field(ge=0)] = Field(
        2.0,
        description="Information that all ROIs of a subject together must hold on a pair of types, or the subject is "
        "left out of its comparison as `too_few`: 2 is a standard error of about 0.8 of the log contact odds ratio. "
        "Single ROIs may hold as little as they do.",
    )
    min_cells: Annotated[int, Field(ge=1)] = Field(
        10, description="The same for distances: cells of the source type in all ROIs of a subject."
    )
    weights: Literal["auto", "equal", "rois", "precision"] = Field(
        "auto",
        description="How subjects weigh in moderated t. `auto`: contact odds ratios by their standard errors beside "
        "the variance between animals that all pairs have in common, all else equally; `rois`: subjects with more "
        "ROIs weigh more, by how alike ROIs of one subject are (limma's duplicateCorrelation over the family); "
        "`precision`: by the standard errors of their ROIs too. The permutation test weighs all the same.",
    )
    permutations: Annotated[int, Field(ge=100)] = Field(
        10_000,
        description="How many assignments of subjects to groups are sampled where there are more than 20,000; up to "
        "there, all are taken.",
    )
    fdr: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="False discovery rate (Benjamini-Hochberg, within a family) below which a finding is reported."
    )
    power: Annotated[float, Field(gt=0.1, lt=1)] = Field(
        0.8, description="Power at which the detectable effect and the subjects needed are stated, at p < 0.05."
    )
    animal_cost: Annotated[float, Field(gt=0)] = Field(
        10.0,
        description="What one more animal costs, in ROIs: how many ROIs per animal are best is told for it.",
    )
    prediction: PredictionConfig = Field(
        default_factory=PredictionConfig, description="Leave-one-subject-out prediction of the group."
    )

    @model_validator(mode="after")
    def _one_prior(self) -> ResponseConfig:
        if self.trend and self.robust:
            raise ValueError("one of `trend` and `robust`, not both")
        return self

    @model_validator(mode="after")
    def _named_once(self) -> ResponseConfig:
        if any(one in self.primary[:i] for i, one in enumerate(self.primary)):
            raise ValueError("each feature of `primary` once")
        called = [one.name for one in self.differences]
        if any(not name.isprintable() or "|" in name for name in called) or len(set(called)) < len(called):
            raise ValueError("each of `differences` to have a name of its own, printable and without `|`")
        return self

    @model_validator(mode="after")
    def _unique_names(self) -> ResponseConfig:
        # files are named after them, and not every disk tells capital from small letters
        names = [*(contrast.name for contrast in self.contrasts), *(outcome.name for outcome in self.outcomes)]
        names = [name.lower() for name in names]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(
                f"each contrast and outcome to have a name of its own, not {', '.join(sorted(repeated))} twice"
            )
        return self
