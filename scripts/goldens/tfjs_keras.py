"""tfjs_keras.json: the U-Net of TensorFlow's pix2pix tutorial as Keras 3 writes and computes it.

Needs keras 3 beside torch. The weights are not stored: weight i is values("keras/i"). What Keras
calls a weight's path is its name in a model converted to TensorFlow.js.
"""

import json
import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy
import torch
from keras import layers

from common import describe, generate, store, values, write_golden

DROPOUT_BLOCKS = 3


def tutorial_unet(size, ngf, dropout):
    levels = size.bit_length() - 1
    width = [ngf * min(2**level, 8) for level in range(levels)]
    conv = {"kernel_size": 4, "strides": 2, "padding": "same"}

    def downsample(filters, norm):
        stack = [layers.Conv2D(filters, use_bias=False, **conv), norm and layers.BatchNormalization(), layers.LeakyReLU()]
        return keras.Sequential([layer for layer in stack if layer])

    def upsample(filters, drops):
        stack = [layers.Conv2DTranspose(filters, use_bias=False, **conv), layers.BatchNormalization(), drops and layers.Dropout(dropout), layers.ReLU()]
        return keras.Sequential([layer for layer in stack if layer])

    x = inputs = layers.Input(shape=[size, size, 3])
    skips = []
    for level in range(levels):
        x = downsample(width[level], level > 0)(x)
        skips.append(x)
    for level in range(levels - 1, 0, -1):
        x = upsample(width[level - 1], level > levels - 1 - DROPOUT_BLOCKS)(x)
        x = layers.Concatenate()([x, skips[level - 1]])
    x = layers.Conv2DTranspose(3, activation="tanh", **conv)(x)
    return keras.Model(inputs, x)


def weight_description(index, weight):
    kind = weight.path.split("/")[-1]
    scale, offset = (0.3, 0) if kind == "kernel" else (0.4, 1) if kind in ("gamma", "moving_variance") else (0.2, 0)
    return describe(f"keras/{index}", list(weight.shape), scale, offset)


def filled(size, ngf, dropout):
    model = tutorial_unet(size, ngf, dropout)
    descriptions = [weight_description(index, weight) for index, weight in enumerate(model.weights)]
    model.set_weights([values(each["name"], int(numpy.prod(each["shape"])), each["scale"], each["offset"]).reshape(each["shape"]) for each in descriptions])
    return model, descriptions


if __name__ == "__main__":
    size, ngf = 16, 4
    model, descriptions = filled(size, ngf, 0.5)
    image = describe("keras input", [1, size, size, 3])
    x = generate(image, torch.float32)
    with torch.no_grad():
        running = model(x, training=False)
        # Dropout is random while training: the same weights in a model without it.
        batch = filled(size, ngf, 0.0)[0](x, training=True)
    write_golden("tfjs_keras", {
        "keras": keras.__version__, "size": size, "ngf": ngf,
        "topology": json.loads(model.to_json()),
        "weights": [{"path": weight.path, **each} for weight, each in zip(model.weights, descriptions)],
        "input": image, "running": store(running), "batch": store(batch),
    }, computed_in="float32")
