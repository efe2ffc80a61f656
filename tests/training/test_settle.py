import torch
from torch import nn

from segsmith.training.settle import settle


def test_settled_batch_norms_know_what_was_shown_alone() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 1), nn.BatchNorm2d(3), nn.BatchNorm2d(3, momentum=0.5))
    network.train()(torch.randn(4, 1, 2, 2) + 9)
    parameters = [parameter.clone() for parameter in network.parameters()]
    shown = [torch.randn(5, 1, 4, 4), torch.randn(5, 1, 4, 4)]
    settle(network, shown, network)
    assert not any(part.training for part in network.modules())
    assert [network[1].momentum, network[2].momentum] == [0.1, 0.5]
    assert all(torch.equal(a, b) for a, b in zip(parameters, network.parameters(), strict=True))
    maps = network[0](torch.cat(shown))
    torch.testing.assert_close(network[1].running_mean, maps.mean((0, 2, 3)))
    torch.testing.assert_close(network(torch.cat(shown)).var((0, 2, 3)), torch.ones(3), rtol=0.05, atol=0)


def test_a_norm_that_is_not_run_keeps_its_statistics() -> None:
    network = nn.ModuleDict({"used": nn.BatchNorm2d(1), "other": nn.BatchNorm2d(1)})
    for norm in network.values():
        norm(torch.randn(4, 1, 2, 2) + 5)
    before = network["other"].running_mean.clone()
    settle(network, [torch.zeros(2, 1, 2, 2)], network["used"])
    assert torch.equal(network["other"].running_mean, before)
    assert network["used"].running_mean == 0
