"""Picture of a stack, `docs/architecture.svg`: its components as boxes in the VPC, what flows as arrows."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 960, 470
BOX_WIDTH, BOX_HEIGHT = 200, 58


@dataclass(frozen=True, slots=True)
class Box:
    title: str
    """A component, or somebody outside."""
    note: str
    left: int
    top: int
    inside: bool = True

    @property
    def middle(self) -> tuple[int, int]:
        return self.left + BOX_WIDTH // 2, self.top + BOX_HEIGHT // 2


BOXES = {
    box.title: box
    for box in (
        Box("Operators", "pulumi, kubectl", 20, 60, inside=False),
        Box("Clients", "OpenAI API", 20, 240, inside=False),
        Box("AWS services", "ECR, EKS, logs, KMS", 740, 60, inside=False),
        Box("WeightsBucket", "S3, encrypted", 740, 240, inside=False),
        Box("IngestProject", "copies when started", 740, 150, inside=False),
        Box("Bastion", "Systems Manager", 270, 60),
        Box("Cluster", "EKS, private API", 500, 60),
        Box("ServiceLoadBalancer", "TLS, internal", 270, 240),
        Box("VllmService", "pods of the model", 500, 240),
        Box("GpuNodePool", "GPU nodes", 500, 350),
        Box("DevicePlugin", "where the image lacks it", 270, 350),
        Box("WeightsReadAccess", "who may read", 740, 350, inside=False),
    )
}
NETWORK = ("PrivateNetwork", "ExistingNetwork")
ARROWS = (
    ("Operators", "Bastion", "tunnel"),
    ("Bastion", "Cluster", ""),
    ("Cluster", "AWS services", "endpoints"),
    ("Clients", "ServiceLoadBalancer", "443"),
    ("ServiceLoadBalancer", "VllmService", ""),
    ("VllmService", "WeightsBucket", "gateway"),
    ("GpuNodePool", "VllmService", ""),
    ("DevicePlugin", "GpuNodePool", ""),
    ("WeightsReadAccess", "WeightsBucket", ""),
    ("IngestProject", "WeightsBucket", ""),
)
HEAD = (
    '<marker id="h" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#456"/></marker>'
)
STYLE = (
    "text{font:14px sans-serif;fill:#222}.n{font-size:12px;fill:#555}.b{fill:#fff;stroke:#456}.v{fill:#eef4ee;"
    "stroke:#486;stroke-dasharray:6 4}.a{stroke:#456;fill:none;marker-end:url(#h)}"
)


def picture() -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>What a stack makes, and who reaches what</title>",
        f"<style>{STYLE}</style>",
        f"<defs>{HEAD}</defs>",
        f'<rect class="v" x="250" y="20" width="470" height="{HEIGHT - 40}" rx="8"/>',
        f'<text x="264" y="44">VPC: {escape(" or ".join(NETWORK))}, no way out</text>',
        *(_arrow(*each) for each in ARROWS),
        *(_box(each) for each in BOXES.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box) -> str:
    return (
        f'<rect class="b" x="{box.left}" y="{box.top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="4"/>'
        f'<text x="{box.left + 12}" y="{box.top + 25}">{escape(box.title)}</text>'
        f'<text class="n" x="{box.left + 12}" y="{box.top + 45}">{escape(box.note)}</text>'
    )


def _arrow(start: str, end: str, label: str) -> str:
    (x1, y1), (x2, y2) = BOXES[start].middle, BOXES[end].middle
    if y1 == y2:
        sign = 1 if x2 > x1 else -1
        x1, x2 = x1 + sign * BOX_WIDTH // 2, x2 - sign * BOX_WIDTH // 2
    else:
        sign = 1 if y2 > y1 else -1
        y1, y2 = y1 + sign * BOX_HEIGHT // 2, y2 - sign * BOX_HEIGHT // 2
    text = f'<text class="n" x="{min(x1, x2) + 2}" y="{y1 - 34}">{escape(label)}</text>' if label else ""
    return f'<path class="a" d="M{x1} {y1}L{x2} {y2}"/>{text}'
