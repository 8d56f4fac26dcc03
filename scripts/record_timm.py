"""Count what the installed timm holds, and write it down for the page that speaks of it.

python -m scripts.record_timm
"""

import json

import scripts.torchvision_on_cpu  # noqa: F401  (timm imports torchvision)
from scripts.paths import ROOT

ARCHITECTURES = ("convnext_tiny", "resnet50")


def count() -> dict:
    """Return timm's version, its numbers of architectures and weights, and tags of two networks."""
    import timm

    weights = timm.list_pretrained()
    configurations = {name: timm.models.get_pretrained_cfg(name) for name in ARCHITECTURES}
    return {
        "version": timm.__version__,
        "architectures": len(timm.list_models()),
        "weights": len(weights),
        "tags": {
            name: [tag.partition(".")[2] for tag in weights if tag.startswith(f"{name}.")]
            for name in ARCHITECTURES
        },
        "default": {name: found.tag for name, found in configurations.items() if found},
    }


if __name__ == "__main__":
    target = ROOT / "cnnbook" / "recorded" / "timm_tags.json"
    target.write_text(json.dumps(count(), indent=1) + "\n")
