r"""The adversarial methods at a size that a CPU can repeat: what they learn in short runs.

Every row is an ordinary ``deblurkit-train`` run. Finished runs are kept in ``results.json`` and not
run again. Needs the images of BSDS500, <root>/train and <root>/val, and the folder of VGG-19's
weights in DEBLURKIT_WEIGHTS.

    python studies/gan_study.py --rows paired --root BSDS500/images \
        --output docs/results/deblurgan
    python studies/gan_study.py --rows unpaired --root BSDS500/images \
        --output docs/results/unpaired
"""

import argparse
import subprocess
import sys
from pathlib import Path

import measures
import study
from study import Result, spread

SCORES = ("rgb8/psnr", "rgb8/ssim", "psnr_blurred", "psnr_gain")
CAMERA_SHAKE = ("blur.family.size=21", "blur.family.scale=[0.6,0.6]")  # as the data's
IDENTITY = "identity"  # the blurred pictures themselves: nothing to train
UNPAIRED = {
    "cyclegan": ["experiment=cyclegan_study"],
    "as_cyclegan_resnet_nodropout": [
        *("experiment=as_cyclegan_study", "model=as_cyclegan_resnet_nodropout")
    ],
    "as_cyclegan_resnetv2_nodropout": [
        *("experiment=as_cyclegan_study", "model=as_cyclegan_resnetv2_nodropout")
    ],
    "as_cyclegan_nodropout (SFT)": ["experiment=as_cyclegan_study"],
}
NAMES = {"critic": "", "critics.patch": "patch ", "critics.full": "full ", "critics.sharp": ""}


def main() -> None:
    parser = study.parser(__doc__, runs="runs/gan_study")
    parser.add_argument("--rows", choices=["paired", "unpaired"], required=True)
    given = parser.parse_args()
    given.overrides = ["callbacks.pictures.test_folder=${paths.run}/test", *given.overrides]
    rows = paired(given) if given.rows == "paired" else UNPAIRED
    done = study.finish(rows, given, measure=measured)
    if done:
        if not study.of_row(done, IDENTITY):
            done.append(doing_nothing(given, done[0]))
            study.keep(done, given)
        text = table(done, [IDENTITY, *rows])
        (given.output / "table.md").write_text(text)
        print(text)


def paired(given: argparse.Namespace) -> study.Rows:
    """Rows that train on pairs; the blur of those that are wrong on purpose is made here."""
    pairs = given.runs.resolve() / "pairs"
    if not pairs.is_dir():
        command = [sys.executable, "-m", "deblurkit.cli.blur", str(given.root / "train")]
        subprocess.run([*command, f"output={pairs}", *CAMERA_SHAKE], check=True)
    files = "{_target_:deblurkit.data.sources.folders.FolderPairs,root:'" + str(pairs) + "',"
    files += "blurred:blurred,sharp:sharp}"
    wrong = "{_target_:deblurkit.data.sources.mispaired.Mispaired,seed:0,source:" + files + "}"
    exchanged = ["~data.train.paired", f"+data.train.paired={wrong}", "data.val=null"]
    return {
        "deblurgan (ours)": ["experiment=deblurgan_study"],
        "deblurgan_v2 (ours)": ["experiment=deblurgan_v2_study"],
        "wrong_pairs (deblurgan, data.check=off)": [
            *("experiment=deblurgan_study", "data.check=off", *exchanged)
        ],
        "deblurgan_paper": ["experiment=deblurgan_paper_study"],
        "deblurgan_clipping": ["experiment=deblurgan_paper_study", "model=deblurgan_clipping"],
    }


def measured(folder: Path) -> Result:
    """What is kept of a run."""
    return {
        **study.mean_scores(folder, *SCORES),
        "psnr_to_blurred": measures.psnr_to_blurred(folder),
        "colour_shift": measures.colour_shift(folder),
        "gradient_distance": measures.gradient_distance(folder, "restored"),
        **measures.critic_gaps(folder),
        "terms": measures.last_terms(folder),
    }


def doing_nothing(given: argparse.Namespace, run: Result) -> Result:
    """The row that hands the blurred pictures on, from the pictures that a run wrote."""
    folder = given.runs / f"{study.short(run['row'])}_{run['seed']}"
    blurred = study.mean_scores(folder, "psnr_blurred")["psnr_blurred"]
    return {
        "row": IDENTITY,
        "seed": 0,
        "rgb8/psnr": blurred,
        "rgb8/ssim": measures.ssim_of_blurred(folder),
        "psnr_blurred": blurred,
        "psnr_gain": 0.0,
        "psnr_to_blurred": measures.EQUAL,
        "colour_shift": 0.0,
        "gradient_distance": measures.gradient_distance(folder, "blurred"),
    }


def table(done: list[Result], rows: list[str]) -> str:
    """Mean and standard deviation over the seeds."""
    titles = ["row", "seeds", "PSNR, dB", "gain over blurred, dB", "SSIM"]
    titles += ["PSNR of restored against blurred, dB", "share of colour in the change"]
    titles += ["gradient distance, decades"]
    titles += ["critic: sharp minus restored (minus blurred)"]
    lines = [f"| {' | '.join(titles)} |", f"| {' | '.join('---' for _ in titles)} |"]
    for row in rows:
        runs = list(study.of_row(done, row).values())
        if runs:
            columns = [
                *(row, str(len(runs)), column(runs, "rgb8/psnr", 2), column(runs, "psnr_gain", 2)),
                *(column(runs, "rgb8/ssim", 3), column(runs, "psnr_to_blurred", 1)),
                *(column(runs, "colour_shift", 2), column(runs, "gradient_distance", 2)),
                gaps(runs),
            ]
            lines.append(f"| {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


def column(runs: list[Result], key: str, digits: int) -> str:
    """One number of a row's runs."""
    values = [float(run[key]) for run in runs]
    if key == "psnr_to_blurred" and min(values) == measures.EQUAL:
        return "equal"
    return spread(values, digits, signed=key == "psnr_gain")


def gaps(runs: list[Result]) -> str:
    """The gaps of every critic that judges restored pictures."""
    critics = [key.removeprefix("gap/") for key in runs[0] if key.startswith("gap/")]
    return "; ".join(
        f"{NAMES.get(name, name + ' ')}{column(runs, f'gap/{name}', 3)} "
        f"({column(runs, f'gap_of_blurred/{name}', 3)})"
        for name in critics
    )


if __name__ == "__main__":
    main()
