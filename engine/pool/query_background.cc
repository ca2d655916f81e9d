#include "engine/pool/query_background.h"

#include <bit>

namespace pointsman::engine {
namespace {

constexpr uint64_t kFirst = 64;
constexpr std::size_t kKept = 256;

constexpr std::string_view kGeneralQueries[] = {
    "What is the derivative of x squared times the sine of x?",
    "Solve the equation 3x + 7 = 22 and show each step.",
    "How many ways are there to arrange the letters of the word banana?",
    "A train leaves at noon at 80 km/h. When does it arrive 200 km away?",
    "Prove that the square root of two is irrational.",
    "What is the probability of two heads in five tosses of a fair coin?",
    "Write a Python function that reverses a linked list.",
    "Why does this SQL query return duplicate rows?",
    "Explain the difference between a process and a thread.",
    "Fix the compiler error: undefined reference to main.",
    "How do I undo the last commit in git without losing changes?",
    "Write a regular expression that matches an email address.",
    "What does Newton's second law say about force and acceleration?",
    "Calculate the energy of a photon with a wavelength of 500 nm.",
    "Why is the sky blue and the sunset red?",
    "Balance the chemical equation for the combustion of propane.",
    "What is the pH of a 0.01 molar solution of hydrochloric acid?",
    "Describe how enzymes lower the activation energy of a reaction.",
    "How does photosynthesis turn light into chemical energy?",
    "What is the function of mitochondria in a cell?",
    "Which genes are passed from parents to children, and how?",
    "What are the symptoms of iron deficiency?",
    "Is it safe to take ibuprofen together with paracetamol?",
    "How much sleep does an adult need each night?",
    "Which exercises help against pain in the lower back?",
    "What caused the fall of the Roman Empire?",
    "Summarise the events that led to the First World War.",
    "Who signed the Declaration of Independence?",
    "What did Kant mean by the categorical imperative?",
    "Compare utilitarian and deontological views of lying.",
    "Is a verbal agreement a binding contract?",
    "What must a landlord do before evicting a tenant?",
    "Explain the difference between a felony and a misdemeanor.",
    "How does a rise in interest rates affect inflation?",
    "What is the price elasticity of demand?",
    "Explain the difference between a stock and a bond.",
    "How should a small company set the price of a new product?",
    "Write a marketing plan for a neighbourhood bakery.",
    "What belongs on a balance sheet?",
    "How do I negotiate a higher salary?",
    "What is classical conditioning, and who described it first?",
    "How does memory change as people grow older?",
    "Explain the theory of attachment in early childhood.",
    "Book a flight from Berlin to Lisbon next Friday morning.",
    "Find a hotel near the station for two nights under 100 euros.",
    "What should I see in Kyoto in three days?",
    "What is the weather like in Oslo in October?",
    "Give me a recipe for lentil soup without onions.",
    "How long do I boil an egg so that the yolk stays soft?",
    "Translate the following sentence from English into French.",
    "Correct the grammar of this paragraph.",
    "Write a polite email that declines an invitation.",
    "Summarise this article in three sentences.",
    "Write a short poem about the sea in winter.",
    "Tell me a story about a dragon who is afraid of fire.",
    "Suggest a title for a novel about two sisters.",
    "Who painted the ceiling of the Sistine Chapel?",
    "Which chords go well with D minor on the guitar?",
    "Explain the offside rule in football.",
    "Who won the world championship last year?",
    "How do I reset my password?",
    "My order has not arrived. Where is my package?",
    "I want to cancel my subscription and get a refund.",
    "Schedule a meeting with the design team for Tuesday at ten.",
    "Convert 72 degrees Fahrenheit into Celsius.",
    "What time is it in Tokyo when it is noon in London?",
    "How do bridges carry the load of heavy traffic?",
    "Which material is best for insulating a roof?",
    "Compute the current through a 10 ohm resistor at 5 volts.",
    "How does a refrigerator move heat out of a cold space?",
    "What is the capital of Australia, and how many people live there?",
    "Why do earthquakes happen at the edges of tectonic plates?",
    "How far away is the nearest star beyond the sun?",
    "Explain how a neural network learns from examples.",
    "Hello, how are you today?",
    "Can you help me plan a birthday party for a six year old?",
    "What should I feed a puppy that is eight weeks old?",
    "How do I remove a coffee stain from a wool carpet?",
    "My car makes a grinding noise when I brake. What is wrong?",
    "Which plants grow well in a shady garden?",
};

}  // namespace

std::span<const std::string_view> GeneralQueries() { return kGeneralQueries; }

bool QueryBackground::Add(std::span<const float> embedding) {
  std::vector<float> vector(embedding.begin(), embedding.end());
  if (newest_.size() < kKept) {
    newest_.push_back(std::move(vector));
  } else {
    newest_[count_ % kKept] = std::move(vector);
  }
  return ++count_ >= kFirst && std::has_single_bit(count_);
}

}  // namespace pointsman::engine
