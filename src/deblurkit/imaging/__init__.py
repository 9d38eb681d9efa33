"""Pixels between files and tensors, and what is computed on pictures without a network.

Files (formats):

- `imaging.formats.files.read_image`, `imaging.formats.files.read_picture`: pixels of a file
- `imaging.formats.files.write_image`, `imaging.formats.files.write_picture`: back, without loss
- `imaging.formats.files.picture_size`: height and width, from the header
- `imaging.formats.files.as_tensor`, `imaging.formats.files.as_pixels`: to [0, 1] and back
- `imaging.formats.files.eight_bit`: 16 bits rounded to 8

Kernels, blur and its inverse (blur):

- `imaging.blur.convolution.blur`: pictures convolved with kernels
- `imaging.blur.kernels.check_kernels`: refuses what is no kernel
- `imaging.blur.kernels.normalized`, `imaging.blur.kernels.centred`: sum 1, mass in the middle
- `imaging.blur.kernels.centroid`: where a kernel's mass lies
- `imaging.blur.kernels.padded`, `imaging.blur.kernels.cropped`: another side
- `imaging.blur.kernel_files.write_kernel`: a kernel as a PNG of 16 bits
- `imaging.blur.kernel_files.kernel_levels`: a kernel to look at
- `imaging.blur.kernel_estimation.fitted_kernels`: the kernel between two pictures
- `imaging.blur.deconvolution.filtered`: Wiener filter
- `imaging.blur.deconvolution.MaskedLeastSquares`: the picture behind a blurred one, without borders
- `imaging.blur.conjugate_gradients.conjugate_gradients`: symmetric systems
- `imaging.blur.noise.noise_level`: how noisy a picture is
- `imaging.blur.pyramid.gaussian_pyramid`: a picture at half, quarter, ... size

Pictures that do not fit into memory (tiling):

- `imaging.tiling.tiles.Grid`: how a picture is cut
- `imaging.tiling.tiles.tiled`, `imaging.tiling.tiles.restored_rows`: restored tile by tile
- `imaging.tiling.statistics.PictureStatistics`: layers that average over the whole picture
- `imaging.tiling.padding.pad_to_multiple`: sides that a network can divide
- `imaging.tiling.memory.free_memory`: bytes that can still be had

Pictures of pictures (drawing), and numbers:

- `imaging.drawing.compare.side_by_side`: a row under its names
- `imaging.drawing.grid.grid`: rows of labelled tiles
- `imaging.drawing.detections.marked`: boxes and their texts
- `imaging.colour.luminance`: Rec. 601
- `imaging.psnr.psnr`: in dB
- `imaging.quality.complaint`: what got worse
"""
