"""What happens around the steps of a training, a validation, a test.

- ``scores.Scores``: measures every picture, logs the means, keeps the rows.
- ``reference.BestUnsharp``: an unsharp mask to compare with, tuned on training pictures.
- ``pictures.Pictures``: draws validation pictures, writes test pictures.
- ``showcase.Showcase``: keeps the pictures of an evaluation's page.
- ``average.RestorerAverage``: a moving average of the restoring network's weights.
- ``network.CompileRestorer``: compiles the restoring network.
- ``network.ChannelsLast``: lays its weights out channels last.
- ``network.EveryNetworkChannelsLast``: those of critics and helpers, too.
- ``network.FusedOptimizers``: one kernel for the step of all parameters.
- ``network.Float32Scores``: validates and tests in float32 beside steps of another precision.
- ``resume.ExactResume``: checkpoints from which a run goes on bit by bit.
- ``metrics_file.MetricsFile``: the table of a run's numbers, ``metrics.csv``.
- ``terminate.EndAtOnce``: ends a test at SIGTERM.
- ``signals.Signals``: what signals ask a training for.
- ``picture_callback.PictureCallback``: the parent of those that look at pictures; write
  ``on_picture_batch``.
"""
