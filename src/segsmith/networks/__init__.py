"""Networks: everything that a genotype is built into."""
