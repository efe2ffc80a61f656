"""The dynamic and the template space against the papers."""

from random import Random

import pytest

from segsmith.errors import UserError
from segsmith.genotype import fingerprint, preset
from segsmith.spaces import DynamicSpace, LgcSpace, TemplateSpace

ARCH2 = preset("arch2")


def test_a_dynamic_row_is_two_places_two_operations_and_an_aggregation() -> None:
    space = DynamicSpace(ARCH2)
    assert [d.name for d in space.decisions[:5]] == ["n0.loc1", "n0.loc2", "n0.op1", "n0.op2", "n0.agg"]
    assert [d.kind for d in space.decisions[::5]] == ["loc5", "loc6", "loc7", "loc8"]
    assert space.decisions[0].options == ("prev:layer4", "prev:dec", "layer2", "layer3", "layer4")
    assert space.decisions[15].options[-3:] == ("n0", "n1", "n2")
    assert space.size == (5 * 6 * 7 * 8) ** 2 * 6 ** (3 * 4)


def test_five_rows_as_on_camvid() -> None:
    assert len(DynamicSpace(ARCH2, rows=5).decisions) == 25


def test_what_no_row_reads_is_the_output() -> None:
    space = DynamicSpace(ARCH2, rows=3)
    picks = space.picks((0,) * 15) | {"n1.loc1": "n0"}
    genotype = space.build(picks)
    assert genotype.net.outputs == ("n1", "n2")
    assert genotype.net.inputs == ("prev:layer4",)
    assert genotype.static == ARCH2


def test_the_scale_of_a_step_is_a_decision_only_where_there_are_several() -> None:
    assert "step_scale" not in {d.name for d in DynamicSpace(ARCH2).decisions}
    space = DynamicSpace(ARCH2, rows=1, step_scales=(1.0, 0.5))
    assert space.decode((0, 0, 0, 0, 0, 1)).settings["step_scale"] == 0.5
    assert DynamicSpace(ARCH2, rows=1, step_scales=(0.5,)).decode((0,) * 5).settings["step_scale"] == 0.5


def test_the_light_preset_is_in_the_dynamic_space() -> None:
    space = DynamicSpace(ARCH2, rows=2)
    choices = space.encode(preset("light"))
    assert fingerprint(space.decode(choices)) == fingerprint(preset("light"))


def test_a_wider_space_holds_what_the_papers_does_not() -> None:
    wider = DynamicSpace(ARCH2, operations=("conv1",))
    genotype = wider.decode((0,) * len(wider.decisions))
    with pytest.raises(UserError, match="conv1"):
        DynamicSpace(ARCH2).encode(genotype)


def test_a_cell_reads_what_its_static_network_has() -> None:
    assert DynamicSpace(preset("template-arch0")).inputs == ("prev:layer2", "prev:dec", "layer1", "layer2")
    lgc = LgcSpace().decode(LgcSpace().random(Random(0)))
    assert DynamicSpace(lgc, inputs=("prev:dec", "prev:layer1", "layer3")).inputs[1] == "prev:layer1"
    with pytest.raises(UserError, match="layer4"):
        DynamicSpace(lgc, inputs=("prev:dec", "layer4"))
    with pytest.raises(UserError, match="dec"):
        DynamicSpace(ARCH2, inputs=("dec", "layer2"))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"rows": 0}, "rows 0"),
        ({"operations": ("none",)}, "none"),
        ({"operations": ("sep3", "sep3")}, "twice"),
        ({"aggregations": ("sep3",)}, "sep3"),
        ({"operations": ()}, "without operations"),
        ({"step_scales": (0.25,)}, "0.25"),
        ({"step_scales": ()}, "without step scales"),
        ({"step_scales": (1.0, 1)}, "twice in 1, 1"),
    ],
)
def test_a_dynamic_space_that_cannot_be(options: dict[str, object], what: str) -> None:
    with pytest.raises(UserError, match=what):
        DynamicSpace(ARCH2, **options)


@pytest.mark.parametrize("name", ["template-arch0", "template-arch1"])
def test_the_published_networks_are_in_the_template_space(name: str) -> None:
    space = TemplateSpace()
    choices = space.encode(preset(name))
    assert fingerprint(space.decode(choices)) == fingerprint(preset(name))


def test_the_size_of_the_template_space() -> None:
    space = TemplateSpace()
    places = 1
    for pool in range(2, 9):
        places *= pool**2
    assert space.size == (6 * 6 * 2) ** 3 * places * 3**7 * 4**7 * 2**3
    assert [d.name for d in space.decisions if d.kind == "stride"] == ["n0.stride", "n1.stride", "n2.stride"]


def test_the_first_half_of_the_rows_joins_at_the_smaller_size() -> None:
    genotype = TemplateSpace(rows=5).decode(TemplateSpace(rows=5).random(Random(0)))
    assert [node.align for node in genotype.net.nodes] == ["smaller", "smaller", "larger", "larger", "larger"]


def test_templates_that_no_row_uses_are_left_out() -> None:
    space = TemplateSpace(rows=2)
    picks = space.picks((0,) * len(space.decisions)) | {"n0.template": "t2", "n1.template": "t2"}
    assert set(space.build(picks).cells) == {"t2"}


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"templates": 0}, "templates 0"),
        ({"strides": (3,)}, "3"),
        ({"operations": ("pool3",)}, "pool3"),
        ({"adapt": -1}, "adapt -1"),
    ],
)
def test_a_template_space_that_cannot_be(options: dict[str, object], what: str) -> None:
    with pytest.raises(UserError, match=what):
        TemplateSpace(**options)
