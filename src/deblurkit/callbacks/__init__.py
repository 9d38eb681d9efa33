"""What happens around the steps of a training, a validation, a test.

- ``callbacks.scores.Scores``: measures every picture, logs the means, keeps the rows
- ``callbacks.reference.BestUnsharp``: an unsharp mask to compare with, tuned on training pictures
- ``callbacks.pictures.Pictures``: draws validation pictures, writes test pictures
- ``callbacks.showcase.Showcase``: keeps the pictures of an evaluation's page
- ``callbacks.average.RestorerAverage``: a moving average of the restoring network's weights
- ``callbacks.network.CompileRestorer``, ``callbacks.network.ChannelsLast``: how the network is run
- ``callbacks.resume.ExactResume``: checkpoints from which a run goes on bit by bit
- ``callbacks.metrics_file.MetricsFile``: the table of a run's numbers, ``metrics.csv``
- ``callbacks.terminate.EndAtOnce``: ends a test at SIGTERM
- ``callbacks.signals.Signals``: what signals ask a training for
- ``callbacks.picture_callback.PictureCallback``: the parent of those that look at pictures; write
  ``on_picture_batch``
"""
