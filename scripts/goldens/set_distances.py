"""kernels-test/goldens/set_distances.json: Frechet and kernel distances of sets of features, by their definitions in NumPy. The trace of
the root is summed over the eigenvalues of the product of both covariances.
"""

import numpy
import torch

from common import describe, generate, store, write_golden


def frechet(x, y):
    moments = [(each.mean(0), numpy.atleast_2d(numpy.cov(each, rowvar=False))) for each in (x, y)]
    (m1, c1), (m2, c2) = moments
    # C1^(1/2) C2 C1^(1/2) has the eigenvalues of C1 C2, and is symmetric.
    values, vectors = numpy.linalg.eigh(c1)
    root = vectors * numpy.sqrt(values.clip(0)) @ vectors.T
    inner = numpy.linalg.eigvalsh(root @ c2 @ root)
    # What is rounding of 0 has a root that is not.
    inner = numpy.where(inner > 1e-12 * inner.max(), inner, 0)
    return float(((m1 - m2) ** 2).sum() + numpy.trace(c1) + numpy.trace(c2) - 2 * numpy.sqrt(inner).sum())


def kernel(x, y):
    k = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    m, n = len(x), len(y)
    own, theirs = k(x, x), k(y, y)
    within = (own.sum() - numpy.trace(own)) / (m * (m - 1)) + (theirs.sum() - numpy.trace(theirs)) / (n * (n - 1))
    return float(within - 2 * k(x, y).mean())


if __name__ == "__main__":
    cases = []
    sets = [(1, 5, 4, 1, 0), (3, 40, 31, 2, 0.5), (7, 33, 65, 0.5, 100), (16, 9, 50, 1, 0.25), (12, 5, 4, 1, 0)]
    for dimensions, first, second, scale, offset in sets:
        shapes = [describe(f"{dimensions} first", [first, dimensions]), describe(f"{dimensions} second", [second, dimensions], scale, offset)]
        x, y = (generate(each, torch.float64) for each in shapes)
        # Features that depend on each other, as those of networks do.
        y = (y @ generate(describe(f"{dimensions} mix", [dimensions, dimensions]))).float()
        a, b = x.numpy(), y.double().numpy()
        cases.append({"first": store(x), "second": store(y), "frechet": frechet(a, b), "kernel": kernel(a, b)})
    write_golden("set_distances", {"cases": cases})
