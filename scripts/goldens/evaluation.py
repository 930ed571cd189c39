"""The metrics of `shadegrad evaluate` by scikit-image and NumPy, for kernels-test/training/evaluation-golden.test.ts.

Run: python3 scripts/goldens/evaluation.py > kernels-test/goldens/evaluation.json
Needs scikit-image (checked with 0.19.3) and NumPy. The pictures follow from whole numbers, which the test computes, too.

scikit-image has no structural similarity at several scales. Its parts come of structural_similarity(): with a K1 so large that the
term of the brightness is 1, what it gives is contrast and structure alone. A second computation, window by window and with centred
variances, has to agree.
"""
import json
import sys

import numpy as np
import skimage
from numpy.lib.stride_tricks import sliding_window_view
from skimage.color import rgb2lab
from skimage.measure import block_reduce
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
NO_BRIGHTNESS = 1e9


def picture(width, height, kind):
    """A picture of smooth areas with edges; kind 0 is the real one, others are made ones that differ from it more and more."""
    y, x, c = np.mgrid[:height, :width, :3]
    real = (3 * x + 5 * y + 40 * c + (x * x + 2 * y * y) // 32) % 256
    noise = (7 * x + 13 * y + 5 * c + (x * y) // 7) % (12 * kind + 1) - 6 * kind
    return np.clip(real + noise + 9 * kind * (c - 1), 0, 255).astype(np.uint8)


def luma(image):
    return image.astype(float) @ np.array([0.299, 0.587, 0.114])


def by_skimage(x, y, k1):
    return structural_similarity(
        x, y, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, K1=k1, K2=0.03
    )


def by_windows(x, y, with_brightness):
    d = np.arange(11) - 5
    window = np.exp(-(d[:, None] ** 2 + d[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    p, q = sliding_window_view(x, (11, 11)), sliding_window_view(y, (11, 11))
    weighted = lambda windows: np.einsum("ijkl,kl->ij", windows, window)
    mp, mq = weighted(p), weighted(q)
    dp, dq = p - mp[..., None, None], q - mq[..., None, None]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    result = (2 * weighted(dp * dq) + c2) / (weighted(dp**2) + weighted(dq**2) + c2)
    if with_brightness:
        result = result * (2 * mp * mq + c1) / (mp**2 + mq**2 + c1)
    return result.mean()


def halved(plane):
    padded = np.pad(plane, [(0, side % 2) for side in plane.shape], mode="edge")
    return block_reduce(padded, (2, 2), np.mean)


def ms_ssim(a, b, term):
    x, y = luma(a), luma(b)
    result = 1.0
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        result *= max(0.0, float(term(x, y, last))) ** weight
        x, y = halved(x), halved(y)
    return result


def histograms(images):
    lab = np.concatenate([rgb2lab(image).reshape(-1, 3) for image in images])
    lightness = np.clip(lab[:, 0], 0, 99.5)
    units = [np.histogram(lightness, bins=100, range=(0, 100))[0]]
    for channel in (1, 2):
        units.append(np.histogram(lab[:, channel] + 128.5, bins=256, range=(0, 256))[0])
    return [counts / counts.sum() for counts in units]


cases = []
for width, height, kind in [(161, 161, 1), (176, 163, 2), (208, 192, 4), (165, 240, 8)]:
    real, made = picture(width, height, 0), picture(width, height, kind)
    by_library = ms_ssim(made, real, lambda x, y, last: by_skimage(x, y, 0.01 if last else NO_BRIGHTNESS))
    by_definition = ms_ssim(made, real, by_windows)
    assert abs(by_library - by_definition) < 1e-9, (by_library, by_definition)
    difference = (made.astype(float) - real) / 127.5
    cases.append({
        "width": width, "height": height, "kind": kind, "sum": int(made.sum()) + int(real.sum()),
        "l1": float(np.abs(difference).mean()),
        "l2": float((difference**2).mean()),
        "psnr": float(peak_signal_noise_ratio(real, made, data_range=255)),
        "ssim": float(by_skimage(luma(made), luma(real), 0.01)),
        "ms-ssim": by_library,
    })
sets = [histograms([picture(c["width"], c["height"], k * c["kind"]) for c in cases]) for k in (1, 0)]
lab = {f"lab-{name}": float(np.minimum(*pair).sum()) for name, pair in zip("lab", zip(*sets))}
json.dump({"skimage": skimage.__version__, "numpy": np.__version__, "cases": cases, "lab": lab}, sys.stdout, indent=1)
print()
