"""The specs of the published kinds of embedding networks, each with its source."""

from __future__ import annotations

from dataclasses import replace

from recognizer.types.spec import Colour, CropSpec, EmbedderSpec

EDGEFACE = EmbedderSpec()
"""``(x / 255 - 0.5) / 0.5``: the EdgeFace repository's transform; also the input of the graphs converted here."""
IRESNET = EDGEFACE
"""``img.div_(255).sub_(0.5).div_(0.5)`` on RGB (InsightFace, ``arcface_torch/inference.py``)."""
MAGFACE = replace(EDGEFACE, colour=Colour.BGR, mean=0.0, std=255.0, norm_range=(10.0, 30.0))
"""``cv2.imread``, ``ToTensor``, mean 0, std 1 (MagFace, ``inference/gen_feat.py``). Training keeps the vectors' length
above 10 (``l_a``); the ten pictures of its ``examples.ipynb`` have 21.8 to 30.3, the best ones the longest."""
FACENET = replace(EDGEFACE, crop=CropSpec(size_px=160, template=None), mean=127.5, std=128.0, classes="logits")
"""The box that MTCNN finds, margin 0, scaled to 160 px; ``(x - 127.5) / 128`` (facenet-pytorch, ``extract_face`` and
``fixed_image_standardization``)."""
INSIGHTFACE = replace(EDGEFACE, output=None)
"""``blobFromImages(..., 1 / 127.5, mean 127.5, swapRB=True)`` (InsightFace, ``model_zoo/arcface_onnx.py``)."""
ARCFACE_ZOO = replace(EDGEFACE, mean=0.0, std=1.0, output="fc1", fixed_batch_one=True)
"""LResNet100E-IR of the ONNX model zoo: RGB 0..255, scaled inside the graph; the vector is normalised afterwards
(``vision/body_analysis/arcface``, ``arcface_inference.ipynb``)."""
