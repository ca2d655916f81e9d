#include "poison.h"

namespace pointsman::tests {
namespace {

constexpr char kPool[] = "poisoned";
constexpr char kSettings[] = "settings";  // created again each time
constexpr char kVectors[] = "vectors";    // takes the caller's own vectors

v1::RouteRequest Question(const std::string& pool) {
  v1::RouteRequest request;
  request.set_pool(pool);
  request.set_query("a question");
  request.set_explain(true);
  return request;
}

v1::ImportOutcomesRequest StartOf(const std::string& pool, int import) {
  v1::ImportOutcomesRequest message;
  auto* start = message.mutable_start();
  start->set_pool(pool);
  start->set_import_id("import " + std::to_string(import));
  start->set_queries(10);
  start->set_strength(5);
  return message;
}

template <class T>
const T* As(const Message& message) {
  return dynamic_cast<const T*>(&message);
}

v1::PutPoolRequest FullPool() {
  v1::PutPoolRequest pool;
  pool.set_name(kSettings);
  auto* settings = pool.mutable_settings();
  auto* embedder = settings->mutable_embedder();
  embedder->set_name("hashing");
  embedder->set_dimension(8);
  embedder->set_projected(2);
  for (int row = 0; row < 2; ++row) {
    for (int i = 0; i < 9; ++i) embedder->add_projection_rows(i == row + 1 ? 1 : 0);
  }
  settings->add_features()->set_name("length");
  settings->mutable_default_preference()->set_quality(1);
  for (const char* name : {"alpha", "beta"}) {
    pool.add_arms()->set_name(name);
    pool.mutable_arms()->rbegin()->set_prior_quality(0.5);
  }
  return pool;
}

}  // namespace

Refusal RefusalOf(const grpc::Status& status) {
  Refusal refusal;
  google::rpc::Status rich;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  for (const auto& detail : rich.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    if (detail.UnpackTo(&info)) refusal.reason = info.reason();
    if (detail.UnpackTo(&bad)) refusal.field = bad.field_violations(0).field();
  }
  for (const char c : status.error_message()) {
    refusal.message_bytes_on_wire += c < ' ' || c > '~' || c == '%' ? 3 : 1;
  }
  refusal.details_bytes = status.error_details().size();
  return refusal;
}

std::vector<Place> PlacesOf(const google::protobuf::Descriptor& kind,
                            const std::function<bool(const FieldDescriptor&)>& is_wanted) {
  std::vector<Place> places;
  for (int i = 0; i < kind.field_count(); ++i) {
    const FieldDescriptor* field = kind.field(i);
    if (is_wanted(*field)) places.push_back({field});
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    for (const Place& below : PlacesOf(*field->message_type(), is_wanted)) {
      Place place = {field};
      place.insert(place.end(), below.begin(), below.end());
      places.push_back(std::move(place));
    }
  }
  return places;
}

Message& HolderOf(Message& message, const Place& place) {
  Message* holder = &message;
  for (std::size_t i = 0; i + 1 < place.size(); ++i) {
    const auto* reflection = holder->GetReflection();
    if (!place[i]->is_repeated()) {
      holder = reflection->MutableMessage(holder, place[i]);
    } else if (reflection->FieldSize(*holder, place[i]) > 0) {
      holder = reflection->MutableRepeatedMessage(holder, place[i], 0);
    } else {
      holder = reflection->AddMessage(holder, place[i]);
    }
  }
  return *holder;
}

std::string NameOf(const Place& place) {
  return place.back()->full_name().substr(std::string("pointsman.v1.").size());
}

void PoisonFixture::SetUp() {
  RpcFixture::SetUp();
  v1::PutPoolRequest pool;
  pool.set_name(kPool);
  pool.mutable_settings()->add_features()->set_name("length");
  for (const char* name : {"alpha", "beta"}) {
    auto* arm = pool.add_arms();
    arm->set_name(name);
    arm->add_tags("exact");
    arm->set_usd_per_1m_output(10);
    arm->set_prior_output_tokens(100);
    arm->set_prior_latency_ms(100);
  }
  ASSERT_TRUE(SendPool(pool).ok());
  pool.set_name(kVectors);
  auto* embedder = pool.mutable_settings()->mutable_embedder();
  embedder->set_name("caller");
  embedder->set_dimension(2);
  ASSERT_TRUE(SendPool(pool).ok());
}

std::vector<std::unique_ptr<Message>> PoisonFixture::Templates() {
  std::vector<std::unique_ptr<Message>> templates;
  auto route = Question(kPool);
  (*route.mutable_features())["length"] = 1;
  route.mutable_preference()->set_quality(1);
  route.mutable_constraints()->set_context_tokens(1);
  templates.push_back(std::make_unique<v1::RouteRequest>(route));
  v1::FeedbackRequest feedback;
  feedback.set_pool(kPool);
  feedback.set_decision_id("(that of a decision made for it)");
  feedback.set_latency_ms(100);
  feedback.add_attempts()->set_arm("alpha");
  templates.push_back(std::make_unique<v1::FeedbackRequest>(feedback));
  v1::PutArmRequest arm;
  arm.set_pool(kPool);
  arm.mutable_arm()->set_name("gamma");
  arm.mutable_arm()->set_prior_quality(0.5);
  templates.push_back(std::make_unique<v1::PutArmRequest>(arm));
  templates.push_back(std::make_unique<v1::PutPoolRequest>(FullPool()));
  auto start = StartOf(kPool, 0).start();
  (*start.mutable_arm_outcomes())["alpha"] = 5;
  templates.push_back(std::make_unique<v1::ImportStart>(start));
  v1::ImportChunk chunk;
  auto* query = chunk.add_queries();
  query->set_query("another question");
  (*query->mutable_features())["length"] = 1;
  query->add_outcomes()->set_arm("alpha");
  query->mutable_outcomes(0)->set_latency_ms(100);
  templates.push_back(std::make_unique<v1::ImportChunk>(chunk));
  return templates;
}

grpc::Status PoisonFixture::Send(const Message& message) {
  if (const auto* route = As<v1::RouteRequest>(message)) {
    v1::RouteRequest request = *route;
    if (request.embedding_size() > 0) {  // whose other number is valid
      request.set_pool(kVectors);
      request.clear_query();
      request.add_embedding(0.5);
    }
    v1::RouteResponse response;
    return Route(request, &response);
  }
  if (const auto* feedback = As<v1::FeedbackRequest>(message)) return SendFeedback(*feedback);
  if (const auto* arm = As<v1::PutArmRequest>(message)) return SendArm(*arm);
  if (const auto* pool = As<v1::PutPoolRequest>(message)) {
    DeletePool(kSettings);  // so that it is created, not changed
    return SendPool(*pool);
  }
  v1::ImportOutcomesRequest part;
  if (const auto* start = As<v1::ImportStart>(message)) {
    *part.mutable_start() = *start;
    return SendImport({part});
  }
  *part.mutable_chunk() = *As<v1::ImportChunk>(message);
  auto* query = part.mutable_chunk()->mutable_queries(0);
  const bool is_vector = query->embedding_size() > 0;
  if (is_vector) {
    query->clear_query();
    query->add_embedding(0.5);
  }
  return SendImport({StartOf(is_vector ? kVectors : kPool, ++imports_), part});
}

grpc::Status PoisonFixture::SendFeedback(const v1::FeedbackRequest& message) {
  v1::FeedbackRequest request = message;
  if (request.decision_id().starts_with("(that of")) {
    v1::RouteResponse routed;
    EXPECT_TRUE(Route(Question(kPool), &routed).ok());
    request.set_decision_id(routed.decision_id());
  }
  v1::FeedbackResponse response;
  return Feedback(request, &response);
}

grpc::Status PoisonFixture::SendPool(const v1::PutPoolRequest& message) {
  grpc::ClientContext context;
  v1::PutPoolResponse response;
  return admin_->PutPool(&context, message, &response);
}

grpc::Status PoisonFixture::SendArm(const v1::PutArmRequest& message) {
  grpc::ClientContext context;
  v1::PutArmResponse response;
  return admin_->PutArm(&context, message, &response);
}

grpc::Status PoisonFixture::SendImport(const std::vector<v1::ImportOutcomesRequest>& messages) {
  grpc::ClientContext context;
  v1::ImportOutcomesResponse response;
  const auto stream = admin_->ImportOutcomes(&context, &response);
  for (const auto& message : messages) {
    if (!stream->Write(message)) break;
  }
  stream->WritesDone();
  return stream->Finish();
}

void PoisonFixture::DeletePool(const std::string& name) {
  grpc::ClientContext context;
  v1::DeletePoolRequest request;
  request.set_name(name);
  v1::DeletePoolResponse response;
  (void)admin_->DeletePool(&context, request, &response);
}

void PoisonFixture::ExpectSoundDecision(const std::string& pool, const v1::RouteRequest& request) {
  v1::RouteResponse routed;
  const grpc::Status status = Route(request, &routed);
  ASSERT_TRUE(status.ok()) << Quoted(pool) << ": " << status.error_message();
  double sum = 0;
  for (const auto& arm : routed.ranking()) {
    const auto& e = arm.expected();
    for (const double number : {arm.probability(), arm.utility(), e.quality(), e.quality_stddev(),
                                e.cost_usd(), e.latency_ms()}) {
      EXPECT_TRUE(std::isfinite(number)) << Quoted(pool) << ": " << arm.ShortDebugString();
    }
    sum += arm.probability();
  }
  EXPECT_NEAR(sum, 1, 1e-9) << Quoted(pool);
  EXPECT_TRUE(routed.propensity() > 0 && routed.propensity() <= 1) << routed.propensity();
  EXPECT_TRUE(routed.logged());
  v1::FeedbackRequest feedback;
  feedback.set_pool(pool);
  feedback.set_decision_id(routed.decision_id());
  feedback.set_quality(0.75);
  feedback.set_latency_ms(100);
  feedback.set_cost_usd(0.001);
  v1::FeedbackResponse told;
  EXPECT_TRUE(Feedback(feedback, &told).ok()) << Quoted(pool);
}

void PoisonFixture::ExpectItDecides() {
  grpc::ClientContext context;
  v1::ListPoolsResponse pools;
  ASSERT_TRUE(admin_->ListPools(&context, {}, &pools).ok());
  for (const auto& pool : pools.pools()) {
    if (pool.arms_active() == 0) continue;
    v1::RouteRequest request = Question(pool.name());
    if (pool.settings().embedder().name() == "caller") {
      request.clear_query();
      request.add_embedding(0.5);
      request.add_embedding(0.25);
    }
    for (int i = 0; i < 2; ++i) ExpectSoundDecision(pool.name(), request);
  }
}

}  // namespace pointsman::tests
