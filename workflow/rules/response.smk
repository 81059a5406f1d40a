rule response:
    input:
        features="<results>/neighbourhood/features.parquet",
        grid="<results>/neighbourhood/grid.parquet",
        functions="<results>/neighbourhood/functions.parquet",
        surroundings="<results>/neighbourhood/surroundings.parquet",
    output:
        effects="<results>/response/effects.parquet",
        subjects="<results>/response/subjects.parquet",
        mixed="<results>/response/mixed.parquet",
        power="<results>/response/power.parquet",
        influence="<results>/response/influence.parquet",
        remaining="<results>/response/remaining.parquet",
        robustness="<results>/response/robustness.parquet",
        curves="<results>/response/curves.parquet",
        outcomes="<results>/response/outcomes.parquet",
        abundance="<results>/response/abundance.parquet",
        prediction="<results>/response/prediction.parquet",
        json="<results>/response/effects.json",
    log:
        "<logs>/response/effects.log",
    benchmark:
        "<benchmarks>/response/effects.tsv"
    threads: 1
    resources:
        mem_mb=memory("response"),
        runtime=minutes("response"),
    params:
        config=config_of("response"),
        settings=SETTINGS["response"],
        code=CODE["response"],
        sheet=SHEET,
        design=lambda wildcards: WATCH.text([SHEET]),
        out=folder_of("effects"),
    message:
        "response"
    shell:
        "tumint response --params {params.settings:q} --code {params.code} --features {input.features:q}"
        " --grid {input.grid:q} --functions {input.functions:q} --surroundings {input.surroundings:q} --sheet {params.sheet:q} -o {params.out:q} > {log:q} 2>&1"
