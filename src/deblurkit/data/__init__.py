"""Files -> pools of tensors.

The data modules, which a YAML of ``conf/data`` builds:

- `data.module.PictureDataModule`: random crops of pools for training, whole pictures for evaluation
- `data.pictures.PictureListDataModule`: a list of pictures, for methods that optimise per picture
- `data.known.known_blur.KnownBlurDataModule`: the same, with the kernels of the data set
- `data.stream.Stream`: draw n of each pool; `data.stream.Position`: how many were drawn

Sources, which read pictures and pick among them:

- `data.sources.base.Source`: what every source answers
- `data.sources.folders.FolderPictures`: pictures below a folder
- `data.sources.folders.FolderPairs`: blurred and sharp pictures of equal names
- `data.sources.own_pairs.own_pairs`: pairs of one's own, divided into parts or not
- `data.sources.listed.ListedPairs`: pairs that a text file lists
- `data.sources.scenes.ScenePairs`: many blurred pictures of one sharp one, with its kernels
- `data.sources.scenes.Luminance`: the same pictures in gray
- `data.sources.photos.Photos`: photographs of scikit-image's wheel
- `data.sources.subsets.Share`: between two fractions of all groups
- `data.sources.sequences.SceneShare`: the same, where frames of a video do not part
- `data.sources.subsets.EveryNthGroup`, `data.sources.subsets.EveryNthPicture`: every n-th
- `data.sources.mixture.MixedSource`: several sources in fixed shares
- `data.sources.halved.Halved`: pictures at half their resolution
- `data.sources.mispaired.Mispaired`: pairs that are wrong on purpose
- `data.sources.cache.Cached`: decoded once, into one file

Blur that is made of sharp pictures:

- `data.blur.synthesis.BlurSynthesis`: blur, highlights, noise, JPEG, rounding
- `data.blur.mixed.MixedSynthesis`: several of those
- `data.blur.trajectory.CameraShake`: kernels of a shaking hand
- `data.blur.shapes.Line`, `data.blur.shapes.Defocus`, `data.blur.shapes.Gaussian`: by formula
- `data.blur.shapes.FamilyMixture`: kernels of several families
- `data.blur.moving.MovingObject`, `data.blur.roll.CameraRoll`: blur that varies over the picture
- `data.blur.disparity.DepthDefocus`, `data.blur.disparity.DepthShake`: blur that follows depth
- `data.blur.averaging.frame_mean`: long exposures out of frames
- `data.blur.published.published_kernels`: trajectory kernels as they were published

Changes of crops, and questions that are asked before a training:

- `data.augment.PairedAugmentation`: by albumentations, picture by picture on the CPU
- `data.augment_batch.BatchAugmentation`: by kornia, batch by batch on the device
- `data.degradations.effect`: does a degradation move or brighten the blurred picture?
- `data.checks.check_pairs`: do the pairs belong together?
- `data.checks_pools.check_apart`, `data.checks_pools.check_sizes`: are the pools what they are said
  to be?
- `data.checks_parts.check_unseen`: are the scored pictures other ones than those trained on?
- `data.known.known.KnownSet`: layouts and counts of published data sets
"""
