"""L1, PSNR and SSIM of small image pairs straight from their definitions, for kernels-test/training/metrics.test.ts.

Run: python3 scripts/goldens/metrics.py > kernels-test/goldens/metrics.json
Needs NumPy. SSIM is computed window by window with centred variances (no separable filter, no E[x^2] - mean^2).
"""
import base64
import json
import sys

import numpy as np

rng = np.random.default_rng(7)


def l1(a, b):
    return float(np.mean(np.abs(a / 127.5 - b / 127.5)))


def psnr(a, b):
    return float(10 * np.log10(255.0**2 / np.mean((a - b) ** 2)))


def luma(image):
    return image @ np.array([0.299, 0.587, 0.114])


def ssim(a, b):
    x, y = luma(a), luma(b)
    height, width = x.shape
    rows, columns = min(11, height), min(11, width)
    dy, dx = np.mgrid[:rows, :columns]
    window = np.exp(-((dy - (rows - 1) / 2) ** 2 + (dx - (columns - 1) / 2) ** 2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for top in range(height - rows + 1):
        for left in range(width - columns + 1):
            p, q = x[top:top + rows, left:left + columns], y[top:top + rows, left:left + columns]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
            cov = (window * (p - mp) * (q - mq)).sum()
            values.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    return float(np.mean(values))


cases = []
for height, width, noise in [(16, 18, 20), (11, 11, 60), (24, 13, 5), (7, 20, 30), (4, 5, 40), (1, 1, 10)]:
    ramp = np.linspace(0, 255, height * width * 3).reshape(height, width, 3)
    a = np.clip(ramp + rng.normal(0, 25, ramp.shape), 0, 255).round()
    b = np.clip(a + rng.normal(0, noise, a.shape), 0, 255).round()
    encode = lambda image: base64.b64encode(image.astype(np.uint8).tobytes()).decode()
    cases.append({
        "width": width, "height": height, "a": encode(a), "b": encode(b),
        "l1": l1(a, b), "psnr": psnr(a, b), "ssim": ssim(a, b),
    })
json.dump({"numpy": np.__version__, "cases": cases}, sys.stdout, indent=1)
print()
