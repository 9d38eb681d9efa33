"""The four ablation rows of DCLNet and its rows T1-T4 of unpaired data, with several seeds.

Every row is an ordinary ``deblurkit-train`` run; several run at once. Finished runs are kept in
``results.json`` and not run again. Needs the images of BSDS500: <root>/train and <root>/val.

    python studies/dclnet_study.py --root BSDS500/images --output docs/results/dclnet
"""

from pathlib import Path

import study
from study import Result, spread

SHARE = "{{_target_:deblurkit.data.sources.subsets.Share,source:${{data.train.paired.source}},{}}}"
UNPAIRED_BLURRED = "+data.train.blurred=" + SHARE.format("start:0.855,stop:0.9025")
UNPAIRED_SHARP = "+data.train.sharp=" + SHARE.format("start:0.9025,stop:0.95")
NINE_TENTHS = "data.train.paired.stop=0.855"
ROWS = {  # overrides of experiment=dclnet_study
    "none (Net3)": ["model.lambda1=0", "model.lambda2=0", "model.cycle=0", "model.anchor=0"],
    "inverse (Net1)": ["model.lambda2=0", "model.anchor=0"],
    "auxiliary (Net2)": ["model.lambda1=0", "model.cycle=0", "model.anchor=0"],
    "both (DCLNet, eqs. 1-5)": ["model.anchor=0"],
    "both and anchor (ours)": [],
    "T1: 90 % of the pairs": [NINE_TENTHS],
    "T2: T1 + blurred": [NINE_TENTHS, "model.k2=0.1", UNPAIRED_BLURRED],
    "T3: T1 + sharp": [NINE_TENTHS, "model.k3=0.1", UNPAIRED_SHARP],
    "T4: T1 + both": [
        NINE_TENTHS,
        "model.k2=0.1",
        "model.k3=0.1",
        UNPAIRED_BLURRED,
        UNPAIRED_SHARP,
    ],
}
SCORES = ("rgb8/psnr", "rgb8/ssim", "psnr_blurred", "psnr_gain")


def main() -> None:
    given = study.parser(__doc__, runs="runs/dclnet_study").parse_args()
    shared = ["experiment=dclnet_study", "callbacks.pictures=null"]
    rows = {row: [*shared, *overrides] for row, overrides in ROWS.items()}
    done = study.finish(rows, given, measure=measured)
    if done:
        (given.output / "table.md").write_text(table(done))
        print(table(done))


def measured(folder: Path) -> Result:
    """What is kept of a run."""
    return {**study.mean_scores(folder, *SCORES)}


def table(done: list[Result]) -> str:
    """Mean and standard deviation over the seeds; the difference to the first row of its block."""
    lines = [
        "| row | seeds | PSNR, dB | gain over blurred, dB | SSIM | difference, dB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in ROWS:
        runs = study.of_row(done, row)
        if not runs:
            continue
        base_row = "none (Net3)" if not row.startswith("T") else "T1: 90 % of the pairs"
        base = study.of_row(done, base_row)
        shared = [
            float(runs[s]["psnr_gain"]) - float(base[s]["psnr_gain"]) for s in runs if s in base
        ]
        columns = [
            spread([float(run[score]) for run in runs.values()], digits)
            for score, digits in (("rgb8/psnr", 2), ("psnr_gain", 3), ("rgb8/ssim", 4))
        ]
        difference = "" if row == base_row else spread(shared, 3, signed=True)
        lines.append(f"| {row} | {len(runs)} | {' | '.join(columns)} | {difference} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
