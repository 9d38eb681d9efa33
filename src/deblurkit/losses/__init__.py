"""Pictures or scores -> one scalar.

What a critic and a generator fight over:

- ``adversarial.Adversarial``: what each of the four below fulfils: an objective per player.
- ``adversarial.Wasserstein``: the gap of the mean scores, for a critic of bounded slope.
- ``adversarial.LeastSquares``: squared distances of the scores from 1 and 0, as in LSGAN.
- ``cross_entropy.CrossEntropy``: real or made as a classification, as in the first GAN.
- ``relativistic.RelativisticAverage``: real pictures shall score higher than the average made one.
- ``relativistic.PooledRelativisticAverage``: the same with averages over the last pictures.
- ``pools.PicturePool``: a memory of made pictures for a critic to see again.

What bounds the slope of a critic:

- ``penalties.Penalty``: a term of the critic's objective.
- ``penalties.PictureGradientPenalty``: a slope of 1 for every picture, as in WGAN-GP.
- ``penalties.ChannelGradientPenalty``: a slope of 1 at every pixel, as in DeblurGAN's code.
- ``penalties.Constraint``: a change of the critic after each of its steps.
- ``penalties.WeightClipping``: cuts every parameter to a small range, as in WGAN.

Distances of two batches of pictures:

- ``pixel.l1``: mean absolute error.
- ``pixel.charbonnier``: the same, differentiable at zero.
- ``squared.mse``: mean squared error.
- ``squared.negative_psnr``: minus the peak signal-to-noise ratio, in dB.
- ``ssim.ssim``: structural similarity; 1 for equal pictures.
- ``ssim.dissimilarity``: one minus that.
- ``frequency.fourier_l1``: mean absolute error of the spectra.
- ``perceptual.FeatureDistance``: mean squared distance of features, such as those of VGG-19.
- ``perceptual.TeacherFeatures``: distances between a teacher's features of two pictures.
- ``perceptual.NormalisedMSE``: mean squared error with each channel in units of its deviation.

Of one picture, and of what a teacher makes of it:

- ``total_variation.total_variation``: how much neighbouring pixels differ.
- ``consistency.Consistency``: whether a teacher takes two pictures for the same.
- ``consistency.Reblurred``: compares its answers to the re-blurred and the blurred picture.
- ``consistency.Literal``: compares its answers to the restored picture and to its own answer.
- ``consistency.Tapped``: compares what it sees on the way to them.
- ``frozen.Frozen``: a network that helps to train others and is in no checkpoint.

How terms become one number:

- ``weights.Objective``: the weighted sum of named terms.
- ``weights.Ramp``: a weight that moves linearly and then stays.
- ``schedules.CosineFall``: a weight that falls along half a cosine.
- ``schedules.Every``: a weight in every n-th batch only.
- ``schedules.PiecewiseDistance``: one distance for the first iterations, then another.
"""
