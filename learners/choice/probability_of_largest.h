// The probability that each of several independent normal variables is the largest. Thompson sampling
// chooses with these probabilities on average; computed as numbers, they make a propensity exact instead
// of a count of draws.
//   P(i) = integral of phi_i(t) * product over j != i of Phi_j(t) dt
// by one-dimensional Gauss-Legendre quadrature on panels shared by all variables.
// Shapes: k means, k deviations (>= 0), k results that sum to 1.
// Accuracy: 1e-9 absolute in each probability. A deviation of 0 is an atom and treated exactly; equal largest
//   atoms share their mass equally.
// Cost: O(k * nodes). About 60 nodes while the deviations are alike; more, by the logarithm of their ratio,
//   when they are not. Two allocations.
// Input is finite, which callers check. A variable whose mean or deviation is not a number is never the largest; if
//   there is no other, all are equally likely.
// Threads: pure.
// Source: Thompson 1933; the integral is the usual one for the largest of independent variables.
#pragma once

#include <span>
#include <vector>

namespace pointsman::learners {

std::vector<double> ProbabilityOfLargest(std::span<const double> means,
                                         std::span<const double> stddevs);

}  // namespace pointsman::learners
