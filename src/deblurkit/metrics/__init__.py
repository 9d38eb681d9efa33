"""Named evaluation protocols on torchmetrics.

Scores of pairs that are aligned pixel by pixel:

- ``rgb8.RGB8``: the default: PSNR and SSIM of 8-bit RGB pictures.
- ``gopro.GoPro``: PSNR and both SSIMs of tables on GoPro.
- ``gopro.Gray``: PSNR and SSIM of gray pictures, as MATLAB takes them.
- ``gopro.Wang``: the same with the SSIM of its authors' script.
- ``cw_ssim.CWSSIMPySSIM``: the similarity that DeblurGAN's tables call SSIM.
- ``parts.levels.Rounded``: grey levels as a file holds them.
- ``parts.levels.Truncated``: grey levels with their fractions cut off.
- ``parts.levels.Exact``: grey levels that are not quantised.

Scores of pairs that are aligned first:

- ``levin.Levin``: Levin's pictures, up to a shift.
- ``levin.Lai``: the same of MATLAB's Y.
- ``levin.LevinErrorRatio``: errors over those with the true kernel.
- ``kohler.Kohler``: the best over all frames of a camera's trajectory.
- ``realblur.RealBlurECC``: pictures of two cameras, aligned by a homography.
- ``realblur.RSBlurECC``: the same, clamped once they are aligned.

Scores of kernels:

- ``kernel_similarity.kernel_similarity``: correlation of an estimated kernel with the true one.
- ``kernel_similarity.kernel_mse``: squared distance of both.
- ``kernel_similarity.kernel_scores``: both numbers, by name.

What a detector finds:

- ``detection.Detection``: precision, recall and F1 of found objects.
- ``yolox.YOLOX``: a detector in an ONNX file, with the extra detect.
- ``annotations.SharpDetections``: true is what it finds in the sharp picture.
- ``annotations.Annotations``: true is what people annotated.

What a protocol of yours inherits, and how all of them are asked:

- ``parts.protocol.Protocol``: scores of each picture, averaged; write ``measure``.
- ``parts.pooled.PooledProtocol``: counts of all pictures together; write ``measure`` and
  ``figures``.
- ``parts.means.comparable``: the pictures that count in means which stand side by side.
- ``parts.means.comparable_means``: those means.
- ``parts.means.mean_score``: a mean that is the same in any order, also of infinite scores.
- ``parts.means.MeanScore``: what it gives: the mean, and how many scores it leaves out.
- ``parts.protocol.leading``: the protocol that leads tables, if there is one.
- ``parts.protocol.rounded``: pictures as an 8-bit file would hold them.
- ``parts.pooled.measured``: takes scores or counts of one picture.
- ``parts.pooled.pooled``: figures of those protocols that count.
"""
