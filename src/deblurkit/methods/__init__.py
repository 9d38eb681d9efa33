"""Batch -> step: the bases, and one final LightningModule per paper.

Trained on pairs:

- ``dclnet.DCLNet``: a second network blurs the answer back, a third shrinks it.
- ``maxim.MAXIM``: answers at three sizes, judged in space and in frequency.
- ``distilled.Distilled``: a student of ground truth, of a teacher's answers, or of both.
- ``nafnet.NAFNet``: one network, by default trained on the score itself.
- ``srn.SRN``: squared errors at three scales.
- ``srn.luma``: what a gray network of SRN sees of a picture.
- ``srn.rgb``: what a colour network of SRN sees of it: all.
- ``mtwnet.MTWNet``: two drawn pictures are added at each of three scales.
- ``deepdeblur.DeepDeblur``: every scale is compared with the sharp picture of its size.
- ``deepdeblur.AdversarialDeepDeblur``: the same, and a critic judges the finest scale.
- ``dmphn.DMPHN``: a hierarchy of patches, alone or stacked.
- ``deblurgan.DeblurGAN``: a generator pleases a critic and keeps the content.
- ``deblurgan_v2.DeblurGANv2``: on a trunk, against a critic of patches and one of crops.

Trained without pairs:

- ``cyclegan.CycleGAN``: pictures go to the other domain and back; critics judge them there.
- ``as_cyclegan.ASCycleGAN``: the same, and cycles end where the features of their start were.

With a known kernel, untrained:

- ``wiener.Wiener``: divides by the kernel's spectrum, except where that is weak against noise.
- ``richardson_lucy.RichardsonLucy``: multiplies by how much more was seen than is explained.
- ``hyper_laplacian.HyperLaplacian``: the picture that fits and has sparse gradients.
- ``selfdeblur_nonblind.SelfDeblurNonBlind``: fits a generator to one picture.
- ``selfdeblur_nonblind.GivenKernel``: stands there where a kernel generator would.

Untrained, with an unknown kernel or none:

- ``l0_blind.L0Blind``: finds the kernel by pictures of few edges, from coarse to fine.
- ``selfdeblur.SelfDeblur``: fits two generators, of the picture and of the kernel.
- ``weak_selfdeblur.WeakSelfDeblur``: the same, guided by what another method answers.
- ``dip.DIP``: fits one generator; denoises, fills in, or deconvolves.
- ``unsharp.UnsharpMask``: adds to a picture what a Gaussian takes away from it.
- ``unsharp.details``: what it takes away.

What a method of yours inherits:

- ``frame.automatic.AutomaticMethod``: one optimiser; write ``terms``.
- ``frame.manual.at_once``: lets an optimiser move all parameters in one kernel.
- ``frame.manual.lay_out``: gives loaded state the layout of its parameters.
- ``frame.manual.ManualMethod``: players that take turns; write ``turns``.
- ``frame.classical.ClassicalMethod``: no training; write ``restoration``.
- ``frame.per_picture.PerPictureMethod``: optimised anew for every picture; write
  ``initial_state``, ``descent`` and ``iterate``.
- ``frame.trained.TrainedMethod``: what the first two share: the clock, the log, the guard.
- ``frame.network.NetworkMethod``: one forward pass of a network restores.
- ``frame.base.RestorationMethod``: what all of them share.
- ``frame.doors.require_unit_range``: refuses pictures that lie elsewhere than in [0, 1].

Learning rates over a training:

- ``frame.schedules.warmup_cosine``: rises, then falls along half a cosine.
- ``frame.schedules.polynomial``: falls as a power of what is left.
- ``frame.schedules.constant_then_linear``: stays, then falls linearly.
- ``frame.milestones.milestones``: falls in steps.

Parts of what is optimised per picture:

- ``priors.problem.Problem``: one picture and all that is known of its solution.
- ``priors.deep.GeneratedProblem``: the same where networks generate the answer.
- ``priors.blind.BlindPriors``: how a blurred picture becomes two generators' problem.
- ``priors.blind.NoiseWeight``: a weight in proportion to the noise of the picture.
- ``priors.deep.Descent``: how generators move.
- ``priors.deep.uniform``: fixed noise for a generator, as in the code of SelfDeblur.
- ``priors.deep.gaussian``: the same from a normal distribution.
- ``priors.operators.Operator``: what a picture went through, where that is known.
- ``priors.operators.Identity``: nothing but noise.
- ``priors.operators.Convolution``: a known kernel.
- ``priors.operators.Mask``: lost pixels.
- ``priors.stopping.Watch``: says when an optimisation ends.
- ``priors.stopping.Fixed``: after a number of iterations.
- ``priors.early_stopping.Agreement``: when a teacher's answers to the re-blurred and the blurred
  picture agree.
- ``priors.early_stopping.Settled``: when their distance hardly changes any more.
- ``priors.early_stopping.MovingVariance``: when the picture has moved least, some time ago.
- ``priors.early_stopping.ShareOfFirst``: a threshold in proportion to the first distance.
- ``priors.early_stopping.FixedThreshold``: the same threshold for every picture.
- ``priors.teacher.Teacher``: any method as a guide for others.
- ``priors.kernel_search.KernelSearch``: finds the extent of an unknown blur.
"""
