"""Pictures to pictures, or to scores: plain torch modules, one file per paper.

Networks that restore:

- ``dclnet.Backbone``: restores at full, half and quarter size, with channel attention.
- ``deblurgan.Generator``: residual blocks at quarter size, and a correction to add.
- ``deblurgan_v2.Generator``: a feature pyramid over a trunk.
- ``cyclegan.Generator``: residual blocks at quarter size; draws the picture anew.
- ``as_cyclegan.Generator``: the same as a correction, guided by what is seen where.
- ``mtwnet.TwoWay``: from coarse to fine, two decoders whose pictures are added.
- ``mtwnet.OneWay``: its ablation with one decoder.
- ``srn.ScaleRecurrent``: from coarse to fine with one encoder and decoder.
- ``deepdeblur.Generator``: from coarse to fine, with weights of its own for each scale.
- ``dmphn.Restorer``: from small patches to the whole picture.
- ``nafnet.Backbone``: a U without activation functions.
- ``residual_u.ResidualU``: a plain U at half resolution, small and fast.
- ``maxim.Backbone``: a U whose pixels are mixed over a grid and within blocks.

Networks that are fitted to one picture:

- ``dip.SkipNetwork``: noise in, a picture out.
- ``dip_kernel.SkipKernel``: the same for a blur kernel.
- ``selfdeblur.PictureGenerator``: SelfDeblur's network for the picture.
- ``selfdeblur.KernelGenerator``: SelfDeblur's network for the kernel.
- ``parts.nonuniform.KernelBasis``: that network with several kernels.
- ``parts.nonuniform.VaryingBlur``: blurs a picture with several kernels.
- ``parts.nonuniform.Tents``: the share of each kernel in every pixel, fixed, on a grid.
- ``parts.nonuniform.MixingWeights``: the same made by a network.
- ``parts.nonuniform.blended``: blurs with every kernel, then mixes.
- ``parts.nonuniform.filter_flow``: shares out the picture, then blurs each part.

Networks that look at pictures:

- ``parts.critics.PatchCritic``: how real each patch looks.
- ``deepdeblur.Critic``: how real a picture looks, by strided convolutions.
- ``dclnet.Inverse``: blurs the restored picture again.
- ``dclnet.Auxiliary``: draws the restored picture at half and quarter size.
- ``parts.vgg.VGG19``: features of a layer of VGG-19.
- ``mobilenet_v2.MobileNetV2``: a trunk: features at five sizes.
- ``parts.timm_trunks.InceptionResNetV2``: a larger trunk, with the extra timm.
- ``parts.conditions.ConditionProvider``: says what is seen where, as class probabilities.
- ``parts.conditions.EdgeTexture``: says it from edges, texture and brightness, untrained.

Parts that configs choose from:

- ``parts.resnet.Block``: a residual block, and what a chain of them wants around it.
- ``parts.resnet.PostActivationBlock``: a residual block, normalised behind each convolution.
- ``parts.resnet.PreActivationBlock``: a residual block, normalised before each convolution.
- ``parts.resnet.Transposed``: doubles the size by a transposed convolution.
- ``parts.resnet.Resized``: doubles the size by repeating pixels.
- ``parts.resnet.AlwaysDropout``: dropout that stays on in evaluation.
- ``layout.InstanceNorm``: instance normalisation that keeps the layout of what comes in.
- ``parts.resnet.normal_start``: first weights from a normal distribution.
- ``parts.residual.zero_start``: first weights of zero.
- ``deblurgan_v2.random_start``: first weights as PyTorch draws them.
- ``parts.residual.ResidualBackbone``: makes a backbone answer a correction at each size.
- ``parts.residual.ResidualPicture``: makes a network from picture to picture answer one.
- ``parts.residual.ResidualAuxiliary``: makes an auxiliary network answer one.
- ``parts.sft.SFT``: scales and shifts features by a guide.
- ``parts.sft.GuidedBlock``: a residual block with such layers.
- ``parts.sft.ConditionNetwork``: makes the guide out of class probabilities.
- ``srn.ConvLSTM``: a memory from scale to scale.
- ``srn.Memoryless``: none.
"""
