"""PyTorch as a peer of npm run bench:peers; bench/peers/pytorch.ts starts this and talks to it over stdin and stdout.

    python3 pytorch.py cpu|cuda [tf32]

A request is one line of JSON. {"ask": "prepare", "kind", "pass", "stride", "size", "tensors": [[name, shape], ...]} is
followed by the tensors' bytes (float32, NCHW and [out][in][h][w], transposed convolutions [in][out][h][w]) and answered
by {"shape"} and the result's bytes; {"ask": "run", "times"} by {} when the device is done. {"error"} may answer any.

    python3 pytorch.py cpu|cuda steps SIZE NGF STEPS BATCH...

times the training step of pix2pix, dropout included, with random weights and images, at each batch, on CUDA without TF32 and with it, and
prints a line of JSON for each, or "no CUDA device":
"medianMs" with a wait for the device after each step, "streamMs" of a step with one wait after the last. npm run gpu-check reads them.
"""
import ctypes
import json
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F

device = torch.device(sys.argv[1])
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "tf32" in sys.argv[2:]
torch.backends.cudnn.benchmark = True


def unet(p, x, size, dropout=0.0):
    levels = int(math.log2(size))

    def norm(y, name):
        return F.batch_norm(y, None, None, p[name + ".weight"], p[name + ".bias"], training=True, eps=1e-5)

    def block(x, prefix, level):
        innermost = level == levels
        down = F.conv2d(F.leaky_relu(x, 0.2), p[f"{prefix}.model.1.weight"], stride=2, padding=1)
        inside = down if innermost else block(norm(down, f"{prefix}.model.2"), f"{prefix}.model.3", level + 1)
        up = F.conv_transpose2d(F.relu(inside), p[f"{prefix}.model.{3 if innermost else 5}.weight"], stride=2, padding=1)
        y = norm(up, f"{prefix}.model.{4 if innermost else 6}")
        if dropout > 0 and 4 < level < levels:
            y = F.dropout(y, dropout)
        return torch.cat([x, y], 1)

    inside = block(F.conv2d(x, p["model.model.0.weight"], stride=2, padding=1), "model.model.1", 2)
    return torch.tanh(F.conv_transpose2d(F.relu(inside), p["model.model.3.weight"], p["model.model.3.bias"], stride=2, padding=1))


def patchgan(p, x):
    y = F.leaky_relu(F.conv2d(x, p["model.0.weight"], p["model.0.bias"], stride=2, padding=1), 0.2)
    for conv, stride in ((2, 2), (5, 2), (8, 1)):
        y = F.conv2d(y, p[f"model.{conv}.weight"], stride=stride, padding=1)
        y = F.leaky_relu(F.batch_norm(y, None, None, p[f"model.{conv + 1}.weight"], p[f"model.{conv + 1}.bias"], training=True, eps=1e-5), 0.2)
    return F.conv2d(y, p["model.11.weight"], p["model.11.bias"], stride=1, padding=1)


def resnet(p, x, blocks=9):
    def conv(y, name, stride=1, margin=0, padding=0):
        y = F.pad(y, [margin] * 4, mode="reflect") if margin else y
        return F.conv2d(y, p[name + ".weight"], p[name + ".bias"], stride=stride, padding=padding)

    def normed(y):
        return F.relu(F.instance_norm(y, eps=1e-5))

    y = normed(conv(x, "model.1", margin=3))
    for place in (4, 7):
        y = normed(conv(y, f"model.{place}", stride=2, padding=1))
    for block in range(blocks):
        name = f"model.{10 + block}.conv_block"
        y = y + F.instance_norm(conv(normed(conv(y, name + ".1", margin=1)), name + ".5", margin=1), eps=1e-5)
    for place in (10 + blocks, 13 + blocks):
        weight, bias = p[f"model.{place}.weight"], p[f"model.{place}.bias"]
        y = normed(F.conv_transpose2d(y, weight, bias, stride=2, padding=1, output_padding=1))
    return torch.tanh(conv(y, f"model.{17 + blocks}", margin=3))


def resnet_step(tensors):
    """One step of a ResNet generator that fits one image by L1; returns its loss."""
    weights = {name[2:]: t.requires_grad_() for name, t in tensors.items() if name.startswith("G.")}
    optimizer = torch.optim.Adam(weights.values(), lr=2e-4, betas=(0.5, 0.999), eps=1e-8)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.l1_loss(resnet(weights, tensors["source"]), tensors["target"])
        loss.backward()
        optimizer.step()
        return loss.detach().reshape(1)

    return step


def training_step(tensors, size, dropout=0.0):
    """The step of src/training/pix2pix-step.ts; returns its four losses."""
    source, target = tensors["source"], tensors["target"]
    networks = []
    for prefix in ("G.", "D."):
        networks.append({name[2:]: t.requires_grad_() for name, t in tensors.items() if name.startswith(prefix)})
    g, d = networks
    g_optimizer, d_optimizer = (torch.optim.Adam(n.values(), lr=2e-4, betas=(0.5, 0.999), eps=1e-8) for n in networks)

    def loss(image, label):
        logits = patchgan(d, torch.cat([source, image], 1))
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def step():
        generated = unet(g, source, size, dropout)
        for t in d.values():
            t.requires_grad_(True)
        d_optimizer.zero_grad(set_to_none=True)
        fake, real = loss(generated.detach(), 0.0), loss(target, 1.0)
        (0.5 * (fake + real)).backward()
        d_optimizer.step()
        for t in d.values():
            t.requires_grad_(False)
        g_optimizer.zero_grad(set_to_none=True)
        gan, l1 = loss(generated, 1.0), F.l1_loss(generated, target)
        (gan + 100 * l1).backward()
        g_optimizer.step()
        return torch.stack([real.detach(), fake.detach(), gan.detach(), l1.detach()])

    return step


def without_gradients(compute):
    def run():
        with torch.no_grad():
            return compute()

    return run


def build(request, t):
    """What computes the case once."""
    kind, size = request["kind"], request.get("size")
    if kind == "step":
        return training_step(t, size)
    if kind == "resnet-step":
        return resnet_step(t)
    if kind in ("generator", "resnet"):
        weights = {name[2:]: each for name, each in t.items() if name.startswith("G.")}
        return without_gradients(lambda: unet(weights, t["source"], size) if kind == "generator" else resnet(weights, t["source"]))
    if kind == "gemm":
        return without_gradients(lambda: t["a"] @ t["b"])
    stride = request["stride"]
    return without_gradients({
        "convolve": lambda: F.conv2d(t["x"], t["w"], stride=stride, padding=1),
        "adjoint": lambda: F.conv_transpose2d(t["dy"], t["w"], stride=stride, padding=1),
        "weight": lambda: torch.ops.aten.convolution_backward(
            t["dy"], t["x"], t["w"], None, [stride] * 2, [1, 1], [1, 1], False, [0, 0], 1, [False, True, False])[1],
    }[request["pass"]])


def read_tensors(described):
    tensors = {}
    for name, shape in described:
        data = bytearray(sys.stdin.buffer.read(4 * math.prod(shape)))
        tensors[name] = torch.frombuffer(data, dtype=torch.float32).reshape(shape).clone().to(device)
    return tensors


def done():
    if device.type == "cuda":
        torch.cuda.synchronize()


def answer(header, data=b""):
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


def random_tensors(size, ngf, batch):
    """The tensors of a training step: weights as pix2pix draws them, images between -1 and 1."""
    levels = int(math.log2(size))
    shapes = {"G.model.model.0.weight": (ngf, 3, 4, 4), "G.model.model.3.weight": (2 * ngf, 3, 4, 4), "G.model.model.3.bias": (3,)}

    def with_norm(name, channels):
        shapes[name + ".weight"] = shapes[name + ".bias"] = (channels,)

    prefix, outer = "G.model.model.1", ngf
    for level in range(2, levels + 1):
        inner, innermost = ngf * min(2 ** (level - 1), 8), level == levels
        shapes[prefix + ".model.1.weight"] = (inner, outer, 4, 4)
        shapes[f"{prefix}.model.{3 if innermost else 5}.weight"] = (inner if innermost else 2 * inner, outer, 4, 4)
        if not innermost:
            with_norm(prefix + ".model.2", inner)
        with_norm(f"{prefix}.model.{4 if innermost else 6}", outer)
        prefix, outer = prefix + ".model.3", inner
    channels = [6, ngf, 2 * ngf, 4 * ngf, 8 * ngf, 1]
    for layer, conv in enumerate((0, 2, 5, 8, 11)):
        shapes[f"D.model.{conv}.weight"] = (channels[layer + 1], channels[layer], 4, 4)
        if conv in (0, 11):
            shapes[f"D.model.{conv}.bias"] = (channels[layer + 1],)
        else:
            with_norm(f"D.model.{conv + 1}", channels[layer + 1])
    tensors = {name: (torch.randn(shape) * 0.02 + (len(shape) == 1 and name.endswith("weight"))).to(device) for name, shape in shapes.items()}
    for name in ("source", "target"):
        tensors[name] = torch.rand(batch, 3, size, size, device=device) * 2 - 1
    return tensors


def time_steps(size, ngf, steps, batch):
    step = training_step(random_tensors(size, ngf, batch), size, dropout=0.5)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    for _ in range(3):
        losses = step()
    done()
    samples = []
    for _ in range(steps):
        begin = time.perf_counter()
        losses = step()
        done()
        samples.append((time.perf_counter() - begin) * 1000)
    begin = time.perf_counter()
    for _ in range(steps):
        losses = step()
    done()
    stream = (time.perf_counter() - begin) * 1000 / steps
    if not all(math.isfinite(loss) for loss in losses.tolist()):
        raise RuntimeError("a timed step is not finite")
    on_cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name() if on_cuda else "cpu",
        "tf32": on_cuda and torch.backends.cudnn.allow_tf32,
        "batch": batch,
        "medianMs": statistics.median(samples),
        "minMs": min(samples),
        "maxMs": max(samples),
        "streamMs": stream,
        "peakBytes": torch.cuda.max_memory_allocated() if on_cuda else None,
        "torch": torch.__version__,
    }


if "steps" in sys.argv:
    size, ngf, steps, *batches = map(int, sys.argv[sys.argv.index("steps") + 1:])
    if device.type == "cuda" and not torch.cuda.is_available():
        print("no CUDA device: PyTorch", torch.__version__)
        sys.exit(1)
    for batch in batches:
        for tf32 in (False, True) if device.type == "cuda" else (False,):
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
            print(json.dumps(time_steps(size, ngf, steps, batch)), flush=True)
    sys.exit(0)

compute = None
for line in iter(sys.stdin.buffer.readline, b""):
    request = json.loads(line)
    try:
        if request["ask"] == "prepare":
            compute = build(request, read_tensors(request["tensors"]))
            result = torch.cat([compute() for _ in range(request["runs"])]).contiguous().cpu()
            # Through ctypes rather than numpy, which PyTorch does without.
            data = ctypes.string_at(result.data_ptr(), 4 * result.numel())
            answer({"shape": list(result.shape)}, data)
        else:
            for _ in range(request["times"]):
                last = compute()
            done()
            if not math.isfinite(float(last.reshape(-1)[0])):
                raise RuntimeError("a timed run is not finite")
            answer({})
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {error}"})
