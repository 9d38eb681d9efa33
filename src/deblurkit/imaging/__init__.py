"""Picture files in and out without loss; padding and tiling; kernels and deconvolution.

Files and pixels:

- ``formats.files.read_picture``: a file with its depth, opacity and metadata.
- ``formats.files.read_image``: its RGB pixels alone.
- ``formats.files.picture_size``: height and width, from the header.
- ``formats.files.write_picture``: a file as it came.
- ``formats.files.write_image``: a file of pixels alone.
- ``formats.picture.Picture``: what is read and written.
- ``formats.picture.left_out``: what a result is without, of all that its file held.
- ``formats.stacks.page_count``: how many pages a file has.
- ``formats.stacks.read_pages``: reads them one after another.
- ``formats.stacks.packed_page``: packs a picture as a page.
- ``formats.stacks.write_pages``: writes a file of several pages.
- ``formats.tiff.writing.EncodedPage``: a page that is packed.
- ``formats.foreign.Foreign``: a kind of file that is known and not read.
- ``formats.foreign.kind_of_name``: which of these kinds a file is by its name.
- ``formats.files.as_tensor``: pixels as a tensor in [0, 1].
- ``formats.files.as_pixels``: a tensor in [0, 1] as pixels.
- ``formats.files.as_levels``: pixels as a tensor of the same whole numbers.
- ``formats.files.in_unit_range``: such a tensor in [0, 1].
- ``formats.files.eight_bit``: pixels of 16 bits as pixels of 8.
- ``formats.picture.channels_of``: a picture's pixels as they are written.
- ``pillow.pillow_picture``: a picture of Pillow as if a file of it were read.
- ``pillow.as_pillow``: a picture of Pillow, with what stands beside its pixels.
- ``colour.luminance``: full-range luminance of RGB.

What pictures are like:

- ``psnr.psnr``: peak signal-to-noise ratio, in dB.
- ``quality.complaint``: whether a restored picture is plainly worse than the blurred one.
- ``quality.blurriness``: how blurred parts of a picture are.
- ``quality.squares``: parts spread evenly over a picture.
- ``windows.highest_mean``: the part where something is strongest.
- ``blur.noise.noise_level``: standard deviation of the noise.
- ``blur.noise.faint_noise_level``: the same, also where it is less than a grey level.
- ``blur.pyramid.gaussian_pyramid``: versions at full, half, quarter, ... size.

Blur by a kernel, and back:

- ``blur.convolution.blur``: convolves pictures; same size out.
- ``blur.convolution.convolved_inside``: convolves where the kernel lies inside.
- ``blur.continuation.continued``: a blurred picture beyond its borders.
- ``blur.kernels.normalized``: kernels of sum 1.
- ``blur.kernels.padded``: kernels with zeros around them.
- ``blur.kernel_files.write_kernel``: a kernel as a gray PNG of 16 bits.
- ``blur.kernel_files.kernel_levels``: a kernel to look at.
- ``blur.deconvolution.known_kernels``: the kernels of a batch, checked.
- ``blur.deconvolution.without_repeats``: one channel of gray pictures.
- ``blur.deconvolution.PeriodicFrame``: where a picture lies in a larger, periodic one.
- ``blur.deconvolution.kernel_spectra``: spectra of kernels.
- ``blur.deconvolution.convolved``: periodic convolution.
- ``blur.deconvolution.differences``: periodic differences of neighbours.
- ``blur.deconvolution.divergence``: their adjoint.
- ``blur.deconvolution.roughness``: what differences weigh each frequency with.
- ``blur.deconvolution.filtered``: Wiener filter of periodic pictures.
- ``blur.deconvolution.MaskedLeastSquares``: pictures that explain what was seen.
- ``blur.kernel_estimation.fitted_kernels``: kernels between sharp and blurred pictures.
- ``blur.kernel_estimation.plausible``: kernels without what cannot be.
- ``blur.kernel_estimation.resized``: kernels at another resolution.

Pictures in pieces:

- ``tiling.padding.pad_to_multiple``: extends a picture to sides that a network takes.
- ``tiling.padding.cropped_to``: undoes that.
- ``tiling.tiles.Grid``: how a picture is cut into tiles.
- ``tiling.tiles.Tile``: one of them.
- ``tiling.tiles.restored_rows``: restores tile by tile, hands over rows.
- ``tiling.tiles.tiled``: restores tile by tile, all in memory.
- ``tiling.tiles.Seams``: how much neighbouring tiles differ.
- ``tiling.statistics.PictureStatistics``: means of the whole picture for networks that see tiles.
- ``tiling.memory.free_memory``: bytes that can still be had.
- ``tiling.memory.bytes_taken``: most bytes that a computation takes.
- ``tiling.memory.is_out_of_memory``: whether an exception says that memory was refused.

Pictures of pictures:

- ``drawing.compare.side_by_side``: pictures in a row, each under its name.
- ``drawing.compare.liveliest_crop``: the square where blur shows best.
- ``drawing.grid.grid``: rows of tiles under the names of columns.
- ``drawing.grid.Row``: one of these rows.
- ``drawing.grid.Panel``: one of these tiles.
- ``drawing.grid.named_row``: a single row without margins.
- ``drawing.grid.enlarged``: each pixel as a square.
- ``drawing.grid.heat``: values as colours.
- ``drawing.grid.scale``: what these colours mean.
- ``drawing.detections.Detections``: objects of a picture.
- ``drawing.detections.Mark``: a box as it is drawn.
- ``drawing.detections.marked``: a picture with boxes.
"""
