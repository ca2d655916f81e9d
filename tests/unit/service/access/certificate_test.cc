#include "service/access/certificate.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "base/strings.h"
#include "tests/support/test_folder.h"

namespace pointsman::service {
namespace {

// A self-signed certificate with its key, as two files.
void WritePair(const std::string& certificate_file, const std::string& key_file, int days) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * days);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("pointsman"), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_set_pubkey(certificate, key);
  ASSERT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
  FILE* file = std::fopen(certificate_file.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class ACertificate : public ::testing::Test {
 protected:
  void SetUp() override {
    tls_.certificate_file = folder_.path() + "/tls.crt";
    tls_.key_file = folder_.path() + "/tls.key";
    WritePair(tls_.certificate_file, tls_.key_file, 30);
  }
  void ExpectError(const std::string& says) {
    const auto checked = CheckCertificate(tls_);
    ASSERT_FALSE(checked.ok());
    EXPECT_NE(checked.status().ToString().find(says), std::string::npos) << checked.status();
  }

  tests::TestFolder folder_;
  TlsSettings tls_;
};

TEST_F(ACertificate, IsReadWithItsNameAndItsEnd) {
  const auto checked = CheckCertificate(tls_);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->subject, "/CN=pointsman");
  const Micros in_29_days = (std::time(nullptr) + 29 * 86400) * kMicrosPerSecond;
  EXPECT_GT(checked->expires, in_29_days);
  EXPECT_LT(checked->expires, in_29_days + 2 * 86400 * kMicrosPerSecond);
}

TEST_F(ACertificate, IsRefusedWithTheKeyOfAnother) {
  WritePair(folder_.path() + "/other.crt", folder_.path() + "/other.key", 30);
  tls_.key_file = folder_.path() + "/other.key";
  ExpectError("does not match the certificate");
}

TEST_F(ACertificate, IsRefusedWhereAFileIsMissingOrSomethingElse) {
  TlsSettings good = tls_;
  tls_.key_file = folder_.path() + "/nothing";
  ExpectError("tls.key_file");
  tls_ = good;
  tls_.certificate_file = tls_.key_file;
  ExpectError("contains no PEM certificate");
  tls_ = good;
  tls_.key_file = tls_.certificate_file;
  ExpectError("contains no PEM key");
  tls_ = good;
  std::ofstream empty(folder_.path() + "/empty");
  tls_.client_ca_file = folder_.path() + "/empty";
  ExpectError("tls.client_ca_file");
  tls_.client_ca_file = tls_.certificate_file;
  EXPECT_TRUE(CheckCertificate(tls_).ok());
}

}  // namespace
}  // namespace pointsman::service
