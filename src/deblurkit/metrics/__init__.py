"""Named evaluation protocols on torchmetrics: what is measured of a restored picture, and how.

Pictures that lie pixel by pixel on their sharp ones:

- ``metrics.rgb8.RGB8``: torchmetrics' PSNR and SSIM of 8-bit RGB; the default
- ``metrics.gopro.GoPro``: PSNR and both SSIMs that tables on GoPro print
- ``metrics.gopro.Gray``: PSNR and SSIM of gray pictures, as MATLAB takes them
- ``metrics.gopro.Wang``: the same, shrunk for the SSIM, as its authors do
- ``metrics.cw_ssim.CWSSIMPySSIM``: the wavelet similarity that DeblurGAN's tables call SSIM

Pictures that are aligned first:

- ``metrics.levin.Levin`` and ``metrics.levin.Lai``: up to a shift, for blind deconvolution
- ``metrics.levin.LevinErrorRatio``: errors over those with the true kernel
- ``metrics.kohler.Kohler``: the best frame of a recorded camera shake
- ``metrics.realblur.RealBlurECC``: up to a gain and a homography

Objects and kernels:

- ``metrics.detection.Detection``: objects that a detector finds in each version of a picture
- ``metrics.annotations.SharpDetections``: what is found in the sharp picture is true
- ``metrics.annotations.Annotations``: true is what people annotated, in COCO's layout
- ``metrics.yolox.YOLOX``: a detector in an ONNX file
- ``metrics.kernel_similarity.kernel_similarity``: how alike two kernels are
- ``metrics.kernel_similarity.kernel_mse``: how far two kernels are apart

What all of them are made of:

- ``metrics.parts.protocol.Protocol``: scores of each picture, then their mean; write ``measure``
- ``metrics.parts.pooled.PooledProtocol``: counts of all pictures together
- ``metrics.parts.means.mean_score``: what a mean is where scores are infinite
"""
